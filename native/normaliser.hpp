// The sum of a row's exponentials, and what is derived from it: its logarithm, and the sum without
// the largest term, from which everything about a confident class is computed.
#pragma once
#include "drain.hpp"
#include "exp.hpp"

namespace softgrad {
namespace {

template <class S>
SOFTGRAD_INLINE Compute<S> row_maximum(const S* x, std::int64_t n) {
    using T = Compute<S>;
    Vec<T> high[4];
    for (auto& h : high) h = broadcast(-infinity<T>);
    over<T>(n, Nothing{}, [&](std::int64_t i, auto unit, auto how) SOFTGRAD_BODY {
        high[unit] = maximum(how.load(x + i, -infinity<T>), high[unit]);
    });
    return reduce<T>(maximum(maximum(high[0], high[1]), maximum(high[2], high[3])),
                     [](auto p, auto q) { return p > q ? p : q; });
}

// Anchored exponentials of x, summed; written to e, which has room for whole vectors, unless null.
template <bool kept, class S, class Meanwhile>
SOFTGRAD_INLINE Exact<Compute<S>> exponentiate(const S* x, Compute<S>* e, std::int64_t n,
                                               Anchor<Compute<S>> a, Meanwhile meanwhile) {
    using T = Compute<S>;
    Sum<T> sum;
    accumulate<T>(n, sum, meanwhile, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
        const Vec<T> v = anchored_exp<T>(how.load(x + i, -infinity<T>), a);
        if constexpr (kept) store(e + i, v);
        return v;
    });
    return sum.total();
}

// A sum in blocks that remembers its largest: if one term outweighs all others, it lies there.
template <class T>
struct Blocks {
    Exact<T> rest, largest;
    std::int64_t start = 0;

    SOFTGRAD_INLINE void add(Exact<T> block, std::int64_t at) {
        if (block.value > largest.value) {
            rest += largest;
            largest = block;
            start = at;
        } else {
            rest += block;
        }
    }
    SOFTGRAD_INLINE void scale(double factor) {
        rest.scale(factor);
        largest.scale(factor);
    }
    SOFTGRAD_INLINE Exact<T> total() const {
        Exact<T> all = rest;
        all += largest;
        return all;
    }
};

constexpr std::int64_t block_elements = 2048;

template <class T>
struct Normaliser {
    T maximum;
    Anchor<T> anchor;
    Blocks<T> sums;

    // The largest term, rounded as it was when it was summed.
    SOFTGRAD_INLINE T top() const { return anchored_exp<T>(broadcast(maximum), anchor)[0]; }
};

// Domain: any row. exp(x) is written to e where kept; `meanwhile(i)` runs once per four vectors.
template <bool kept, class S, class Meanwhile>
SOFTGRAD_INLINE Normaliser<Compute<S>> normalise(const S* x, Compute<S>* e, std::int64_t n,
                                                 Meanwhile meanwhile) {
    using T = Compute<S>;
    Normaliser<T> row;
    row.maximum = row_maximum(x, n);
    row.anchor = anchor(row.maximum);
    for (std::int64_t i = 0; i < n; i += block_elements) {
        const std::int64_t k = i + block_elements < n ? block_elements : n - i;
        row.sums.add(exponentiate<kept>(x + i, e + i, k, row.anchor,
                                        [&](std::int64_t j) SOFTGRAD_BODY { meanwhile(i + j); }),
                     i);
    }
    return row;
}

// The same for a row that is read once, block by block, at a running maximum; nothing is kept.
template <class S>
Normaliser<Compute<S>> normalise_once(const S* x, std::int64_t n) {
    using T = Compute<S>;
    Normaliser<T> row;
    row.maximum = -infinity<T>;
    row.anchor = anchor(row.maximum);
    for (std::int64_t i = 0; i < n; i += block_elements) {
        const std::int64_t k = i + block_elements < n ? block_elements : n - i;
        const T high = row_maximum(x + i, k);
        if (high > row.maximum) {
            const bool begun = row.maximum != -infinity<T>;
            const Anchor<T> higher = begun ? anchor(high, row.anchor.shift) : anchor(high);
            if (begun) row.sums.scale(ratio(row.anchor, higher));
            row.anchor = higher;
            row.maximum = high;
        }
        row.sums.add(exponentiate<false>(x + i, static_cast<T*>(nullptr), k, row.anchor,
                                         [&](std::int64_t j) SOFTGRAD_BODY {
                                             prefetch<4 * lanes<T>>(x + i + k + j);
                                         }),
                     i);
    }
    return row;
}

// The sum of all terms but the first largest one, to full relative accuracy however small it is.
template <class S, class T>
SOFTGRAD_INLINE Exact<T> others(const S* x, std::int64_t n, const Normaliser<T>& row, T top) {
    const Exact<T> total = row.sums.total();
    if (!(2 * static_cast<double>(top) > total.rounded())) return total - top;
    const std::int64_t start = row.sums.start;
    const std::int64_t k = start + block_elements < n ? block_elements : n - start;
    std::int64_t place = 0;
    while (place < k - 1 && element(x + start + place) != row.maximum) ++place;
    Exact<T> rest = row.sums.rest;
    rest += exponentiate<false>(x + start, static_cast<T*>(nullptr), place, row.anchor, Nothing{});
    rest += exponentiate<false>(x + start + place + 1, static_cast<T*>(nullptr), k - place - 1,
                                row.anchor, Nothing{});
    return rest;
}

}  // namespace
}  // namespace softgrad
