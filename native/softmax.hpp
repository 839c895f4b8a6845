// Softmax of contiguous rows.
//
// A row is exponentiated into one scratch row while the row before it, in another, is divided and
// written to its place and the row after it is prefetched: arithmetic, stores and loads overlap.
// Large results are streamed around the cache. Rows too long for such scratch are read twice, block
// by block: a running maximum with a sum rescaled to it, then exponentials and results.
//
// Special rows need no branch: -inf gives an exact 0, NaN and +inf reach the sum and through it the
// whole row, and a row of -inf has the sum 0, by which dividing gives 0 here.
#pragma once
#include "drain.hpp"
#include "exp.hpp"
#include "kernels.hpp"
#include "sum.hpp"

namespace softgrad {
namespace {

constexpr std::int64_t streamed_bytes = 4 << 20;  // results from here on go around the cache
constexpr std::int64_t longest_row = 1 << 20;     // bytes; two of them are the scratch memory
constexpr std::int64_t block_bytes = 2 << 10;     // of a longer row: all that is in flight fits L1

template <class T>
SOFTGRAD_INLINE T row_maximum(const T* x, std::int64_t n) {
    constexpr int L = lanes<T>;
    constexpr T lowest = -std::numeric_limits<T>::infinity();
    Vec<T> a = broadcast(lowest), b = a, c = a, d = a;
    std::int64_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        a = maximum(load(x + i), a);
        b = maximum(load(x + i + L), b);
        c = maximum(load(x + i + 2 * L), c);
        d = maximum(load(x + i + 3 * L), d);
    }
    for (; i + L <= n; i += L) a = maximum(load(x + i), a);
    if (i < n) b = maximum(load_first(x + i, static_cast<int>(n - i), lowest), b);
    return reduce<T>(maximum(maximum(a, b), maximum(c, d)),
                     [](auto p, auto q) { return p > q ? p : q; });
}

// e = anchored exponentials of x, added to sum; e has room for whole vectors. `meanwhile(i)` runs
// once per four vectors.
template <class T, class Meanwhile>
SOFTGRAD_INLINE void exponentiate(const T* x, T* e, std::int64_t n, Anchor<T> a, Sum<T>& sum,
                                  Meanwhile meanwhile) {
    constexpr int L = lanes<T>;
    std::int64_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        meanwhile(i);
        const Vec<T> e0 = anchored_exp<T>(load(x + i), a);
        const Vec<T> e1 = anchored_exp<T>(load(x + i + L), a);
        const Vec<T> e2 = anchored_exp<T>(load(x + i + 2 * L), a);
        const Vec<T> e3 = anchored_exp<T>(load(x + i + 3 * L), a);
        store(e + i, e0);
        store(e + i + L, e1);
        store(e + i + 2 * L, e2);
        store(e + i + 3 * L, e3);
        sum.add(e0 + e1);
        sum.add(e2 + e3);
    }
    for (; i + L <= n; i += L) {
        const Vec<T> e0 = anchored_exp<T>(load(x + i), a);
        store(e + i, e0);
        sum.add(e0);
    }
    if (i < n) {
        const int k = static_cast<int>(n - i);
        const Vec<T> e0 =
            anchored_exp<T>(load_first(x + i, k, -std::numeric_limits<T>::infinity()), a);
        store(e + i, e0);
        sum.add(e0);
    }
}

template <class T, Write how>
void softmax_rows(const T* x, T* y, std::int64_t rows, std::int64_t n) {
    TwoRows<T> scratch_rows(n);
    Drain<T, how> drain;
    for (std::int64_t r = 0; r < rows; ++r, x += n, y += n) {
        const T* next = r + 1 < rows ? x + n : x;
        T* e = scratch_rows.other();
        Sum<T> sum;
        exponentiate(x, e, n, anchor(row_maximum(x, n)), sum, [&](std::int64_t i) {
            prefetch<4 * lanes<T>>(next + i);
            drain.step();
        });
        drain.finish();
        drain = {e, y, n, sum.total()};
    }
    drain.finish();
}

template <class T>
void softmax_long_row(const T* x, T* y, std::int64_t n) {
    constexpr std::int64_t step = block_bytes / sizeof(T);
    constexpr T lowest = -std::numeric_limits<T>::infinity();
    TwoRows<T> blocks(step);
    Anchor<T> a = anchor(lowest);
    T top = lowest;
    Sum<T> sum;
    for (std::int64_t i = 0; i < n; i += step) {
        const std::int64_t k = i + step < n ? step : n - i;
        const T high = row_maximum(x + i, k);
        if (high > top) {
            const Anchor<T> higher = top == lowest ? anchor(high) : anchor(high, a.shift);
            if (top != lowest) sum.scale(ratio(a, higher));
            a = higher;
            top = high;
        }
        exponentiate(x + i, blocks.other(), k, a, sum,
                     [&](std::int64_t j) { prefetch<4 * lanes<T>>(x + i + k + j); });
    }
    const Total<T> total = sum.total();
    Drain<T, Write::streamed> drain;
    for (std::int64_t i = 0; i < n; i += step) {
        const std::int64_t k = i + step < n ? step : n - i;
        T* e = blocks.other();
        exponentiate(x + i, e, k, a, sum, [&](std::int64_t) { drain.step(); });
        drain.finish();
        drain = {e, y + i, k, total};
    }
    drain.finish();
}

template <class T>
void softmax(const T* x, T* y, std::int64_t rows, std::int64_t n) {
    const std::int64_t row = n * static_cast<std::int64_t>(sizeof(T));
    if (row > longest_row)
        for (std::int64_t r = 0; r < rows; ++r) softmax_long_row(x + r * n, y + r * n, n);
    else if (rows * row < streamed_bytes)
        softmax_rows<T, Write::cached>(x, y, rows, n);
    else
        softmax_rows<T, Write::streamed>(x, y, rows, n);
    stream_fence();
}

}  // namespace
}  // namespace softgrad
