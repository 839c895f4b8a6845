// softmax of contiguous rows: in x; out p.
//
// A row is exponentiated into one scratch row while the row before it, in another, is divided and
// written to its place and the row after it is prefetched: arithmetic, stores and loads overlap.
// Rows too long for such scratch are read twice, block by block.
//
// Special rows need no branch: -inf gives an exact 0, NaN and +inf reach the sum and through it the
// whole row, and a row of -inf has the sum 0, by which dividing gives 0 here.
#pragma once
#include "normaliser.hpp"

namespace softgrad {
namespace {

constexpr std::int64_t longest_row = 1 << 20;  // bytes; two of them are the scratch memory

template <class S>
struct Quotients {
    using T = Compute<S>;
    const T* e = nullptr;
    Total<T> total;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return quotient(how.load(e + i), total);
    }
};

template <class S>
struct SoftmaxRow {
    using T = Compute<S>;
    template <Write how>
    using Writer = Drain<S, how, Quotients<S>>;

    const S* x;
    S* y;
    std::int64_t n, last;
    mutable TwoRows<T> scratch_rows;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const S* at = x + r * n;
        const S* next = r + 1 < last ? at + n : at;
        T* e = scratch_rows.other();
        const auto row = normalise<true>(at, e, n, [&](std::int64_t i) SOFTGRAD_BODY {
            prefetch<4 * lanes<T>>(next + i);
            meanwhile(i);
        });
        return {{e, Total<T>(row.sums.total())}, y + r * n, n};
    }
};

template <class S>
void softmax_long_row(const S* x, S* y, std::int64_t n) {
    using T = Compute<S>;
    const auto row = normalise_once(x, n);
    const Total<T> total(row.sums.total());
    TwoRows<T> blocks(block_elements);
    Drain<S, Write::streamed, Quotients<S>> drain;
    for (std::int64_t i = 0; i < n; i += block_elements) {
        const std::int64_t k = i + block_elements < n ? block_elements : n - i;
        T* e = blocks.other();
        exponentiate<true>(x + i, e, k, row.anchor, [&](std::int64_t) SOFTGRAD_BODY { drain.step(); });
        drain.finish();
        drain = {{e, total}, y + i, k};
    }
    drain.finish();
    stream_fence();
}

// Rows that fit one vector: nothing is kept, and the processor overlaps several.
template <class S>
void softmax_short(const S* x, S* y, std::int64_t n, std::int64_t rows) {
    using T = Compute<S>;
    const First all{static_cast<int>(n)};
    for (std::int64_t r = 0; r < rows; ++r, x += n, y += n) {
        const Vec<T> v = all.load(x, -infinity<T>);
        const Vec<T> e = anchored_exp<T>(v, anchor(highest(v)));
        Sum<T> sum;
        sum.add(e);
        all.store(y, quotient(e, Total<T>(sum.total())));
    }
}

template <class S>
void softmax(const Job& job, std::int64_t first, std::int64_t last) {
    const auto* x = static_cast<const S*>(job.in[0]);
    auto* y = static_cast<S*>(job.out[0]);
    const std::int64_t n = job.n;
    if (n < lanes<Compute<S>>) {
        softmax_short(x + first * n, y + first * n, n, last - first);
    } else if (n * static_cast<std::int64_t>(sizeof(Compute<S>)) > longest_row) {
        for (std::int64_t r = first; r < last; ++r) softmax_long_row(x + r * n, y + r * n, n);
    } else {
        const SoftmaxRow<S> row{x, y, n, last, TwoRows<Compute<S>>(n)};
        each_row(row, first, last, job.rows * n * sizeof(S));
    }
}

}  // namespace
}  // namespace softgrad
