// The sum of a row's exponentials, and what is derived from it: its logarithm, and the sum without
// the largest term, from which everything about a confident class is computed.
#pragma once
#include "drain.hpp"
#include "log.hpp"

namespace softgrad {
namespace {

template <class S>
SOFTGRAD_ONCE Compute<S> row_maximum(const S* x, std::int64_t n) {
    using T = Compute<S>;
    Largest<T, std::int64_t> largest(-infinity<T>);
    over<T>(n, Nothing{}, [&](std::int64_t i, auto unit, auto how) SOFTGRAD_BODY {
        largest.see(unit, how.load(x + i, -infinity<T>));
    });
    return largest.found();
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

SOFTGRAD_INLINE std::int64_t block_at(std::int64_t i, std::int64_t n) {
    return i + block_elements < n ? block_elements : n - i;
}

// What a row's exponentials say; N is the type of its length.
template <class S, class N>
struct Normaliser {
    using T = Compute<S>;
    const S* x;
    std::int64_t n;
    T maximum;
    Anchor<T> anchor;
    Blocks<T> sums;

    SOFTGRAD_INLINE Exact<T> total() const { return sums.total(); }
    // The same, where the others are known.
    SOFTGRAD_INLINE Exact<T> total(Exact<T>) const { return sums.total(); }
    // The largest term, rounded as it was when it was summed.
    SOFTGRAD_INLINE T top() const { return anchored_exp<T>(broadcast(maximum), anchor)[0]; }
    // The sum of all terms but the first largest one, to full relative accuracy however small.
    SOFTGRAD_INLINE Exact<T> others() const {
        const T top = this->top();
        return dominates(top, total()) ? summed_without() : total() - top;
    }

  private:
    SOFTGRAD_ONCE Exact<T> summed_without() const {
        const S* block = x + sums.start;
        const std::int64_t k = block_at(sums.start, n), place = place_of(maximum, block, k);
        Sum<T> apart;
        accumulate<T>(k, apart, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            const Vec<T> e = anchored_exp<T>(how.load(block + i, -infinity<T>), anchor);
            return Exception<T>{place, 0}.in(e, i, how);
        });
        Exact<T> rest = sums.rest;
        rest += apart.total();
        return rest;
    }
};

template <class S>
struct Normaliser<S, Few> {
    using T = Compute<S>;
    T maximum;
    Vec<T> e;
    int place;  // of the maximum

    SOFTGRAD_INLINE Exact<T> total() const { return Sum<T>(e).total(); }
    SOFTGRAD_INLINE Exact<T> total(Exact<T> others) const { return others += {top()}; }
    SOFTGRAD_INLINE T top() const { return e[place]; }
    SOFTGRAD_INLINE Exact<T> others() const {
        return Sum<T>(positions<T>() == place ? Vec<T>{} : e).total();
    }
};

// Of rows in lanes the largest terms, of which there may be several, are left out of the sum and
// counted: no place needs to be found.
template <class T>
struct Normaliser<T, Lanes> {
    using V = Vec<T>;
    V maximum, count;
    Anchor<V> anchor;
    Exact<V> rest;

    SOFTGRAD_INLINE V top() const { return anchored_exp<T>(maximum, anchor); }
    SOFTGRAD_INLINE Exact<V> others() const {
        Exact<V> all = rest;
        return all += {widened(count - 1) * widened(top())};
    }
    SOFTGRAD_INLINE Exact<V> total(Exact<V> others) const { return others += {widened(top())}; }
};

// Domain: any row. exp(x) is written to e where kept; `meanwhile(i)` runs once per four vectors.
template <bool kept, class S, class Meanwhile>
SOFTGRAD_INLINE Normaliser<S, std::int64_t> normalise(const S* x, Compute<S>* e, std::int64_t n,
                                                      Meanwhile meanwhile) {
    using T = Compute<S>;
    const T high = row_maximum(x, n);
    Normaliser<S, std::int64_t> row{x, n, high, anchor(high), {}};
    for (std::int64_t i = 0; i < n; i += block_elements)
        row.sums.add(exponentiate<kept>(x + i, e + i, block_at(i, n), row.anchor,
                                        [&](std::int64_t j) SOFTGRAD_BODY { meanwhile(i + j); }),
                     i);
    return row;
}
template <bool kept, class S, class Meanwhile>
SOFTGRAD_INLINE Normaliser<S, Few> normalise(const S* x, Compute<S>* e, Few n, Meanwhile) {
    using T = Compute<S>;
    const Vec<T> v = First{n.n}.load(x, -infinity<T>);
    const T high = highest(v);
    const Vec<T> all = anchored_exp<T>(v, anchor(high));
    if constexpr (kept) store(e, all);
    return {high, all, first_true<T>(v == high) % lanes<T>};
}

template <class T, class Meanwhile>
SOFTGRAD_INLINE Vec<T> lane_maxima(const T* x, Lanes n, Meanwhile meanwhile) {
    Largest<T, Lanes> largest(-infinity<T>);
    over<T>(n, meanwhile, [&](std::int64_t i, auto unit, auto how) SOFTGRAD_BODY {
        largest.see(unit, how.load(x + i));
    });
    return largest.found();
}
template <bool kept, class T, class Meanwhile>
SOFTGRAD_INLINE Normaliser<T, Lanes> normalise(const T* x, T* e, Lanes n, Meanwhile meanwhile) {
    const Vec<T> high = lane_maxima(x, n, meanwhile);
    const auto a = anchor(high);
    Vec<T> count{};
    RowSum<T, Lanes> rest;
    accumulate<T>(n, rest, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
        const Vec<T> v = how.load(x + i), all = anchored_exp<T>(v, a);
        if constexpr (kept) store(e + i, all);
        count += v == high ? Vec<T>{} + 1 : Vec<T>{};
        return v == high ? Vec<T>{} : all;
    });
    return {high, count, a, rest.total()};
}

// The sum of a row's exponentials, which are written to e.
template <class S, class N, class Meanwhile>
SOFTGRAD_INLINE Exact<Compute<S>> kept_total(const S* x, Compute<S>* e, N n, Meanwhile meanwhile) {
    return normalise<true>(x, e, n, meanwhile).total();
}
template <class T, class Meanwhile>
SOFTGRAD_INLINE Exact<Vec<T>> kept_total(const T* x, T* e, Lanes n, Meanwhile meanwhile) {
    const auto a = anchor(lane_maxima(x, n, meanwhile));
    RowSum<T, Lanes> sum;
    accumulate<T>(n, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
        const Vec<T> v = anchored_exp<T>(how.load(x + i), a);
        store(e + i, v);
        return v;
    });
    return sum.total();
}

// The same for a row that is read once, block by block, at a running maximum; nothing is kept.
template <class S>
Normaliser<S, std::int64_t> normalise_once(const S* x, std::int64_t n) {
    using T = Compute<S>;
    Normaliser<S, std::int64_t> row{x, n, -infinity<T>, anchor(-infinity<T>), {}};
    for (std::int64_t i = 0; i < n; i += block_elements) {
        const std::int64_t k = block_at(i, n);
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

constexpr std::int64_t longest_row = 1 << 20;  // bytes; longer ones are not found in cache again

// Either of both, as long as the row is.
template <class S, class N, class Meanwhile>
SOFTGRAD_INLINE Normaliser<S, N> normaliser_of(const S* x, N n, Meanwhile meanwhile) {
    if constexpr (!is_few<N> && !in_lanes<N>)
        if (n * static_cast<std::int64_t>(sizeof(S)) > longest_row) return normalise_once(x, n);
    return normalise<false>(x, static_cast<Compute<S>*>(nullptr), n, meanwhile);
}

// What is kept of a row whose logarithm is asked for: log sum_j exp(x_j - maximum) =
// log1p(others / top).
template <class V>
struct Summed {
    using T = Scalar<V>;
    V maximum{}, top = V{} + 1;
    Exact<V> others, total;
    Mask<V> empty = V{} == V{};  // nothing is asked for, or no entry is more than -inf

    Summed() = default;
    template <class Normaliser>
    SOFTGRAD_INLINE explicit Summed(const Normaliser& row)
        : maximum(row.maximum),
          top(row.top()),
          others(row.others()),
          total(row.total(others)),
          empty((maximum == -infinity<T>) & (total.high() == 0)) {}
    SOFTGRAD_INLINE Wide<V> log() const { return log1p_of<T>(others.rounded() / widened(top)); }
};

// The same, where the row's exponentials wait in scratch memory.
template <class V>
struct Kept : Summed<V> {
    Scalar<V>* e = nullptr;

    Kept() = default;
    template <class Normaliser>
    SOFTGRAD_INLINE Kept(const Normaliser& row, Scalar<V>* e) : Summed<V>(row), e(e) {}
};

// Runs end(r, sum, log), sum = begin(r) being a Summed and log its logarithm, for each row of a
// length n. Short rows wait in groups for their logarithms, which are taken at once.
template <class S, class N, class Begin, class End>
SOFTGRAD_INLINE void with_logarithms(N, std::int64_t first, std::int64_t last, Begin begin,
                                     End end) {
    for (std::int64_t r = first; r < last; r += rows_at_once<Compute<S>, N>) {
        const auto sum = begin(r);
        end(r, sum, sum.log());
    }
}
template <class S, class Begin, class End>
SOFTGRAD_INLINE void with_logarithms(Few, std::int64_t first, std::int64_t last, Begin begin,
                                     End end) {
    decltype(begin(first)) sums[group];
    for (std::int64_t r = first; r < last; r += group) {
        const int k = last - r < group ? static_cast<int>(last - r) : group;
        double others[group] = {}, tops[group] = {};
        for (int j = 0; j < k; ++j) {
            sums[j] = begin(r + j);
            others[j] = sums[j].others.rounded();
            tops[j] = sums[j].top;
        }
        const Vec<double> logs = log1p_of<Compute<S>>(load(others) / load(tops));
        for (int j = 0; j < k; ++j) end(r + j, sums[j], logs[j]);
    }
}

}  // namespace
}  // namespace softgrad
