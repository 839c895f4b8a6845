// How the Jacobians of softmax and log-softmax move: what Hessian products are made of.
//
//     weighted_centering_bend    in s, ds, t;     out ds c - s <ds,c> / sum s, c the centred t
//     centering_bend_transposed  in dp, g, live;  out -dp sum g
//
// `live` and the pivot at a dominant weight are as in centering.hpp.
#pragma once
#include "centering.hpp"

namespace softgrad {
namespace {

// t without the infinities and NaN that meet a weight of 0; where t is finite, ds may not be 0.
template <class T>
struct ByFiniteness {
    template <class How>
    SOFTGRAD_INLINE Vec<T> keep(Vec<T> s, Vec<T> t, std::int64_t, How) const {
        const IntVec<T> unread = (s == 0) & (t - t != 0);
        return unread ? Vec<T>{} : t;
    }
};

// ds c, less s times a share of their sum.
template <class S>
struct Bent {
    using T = Compute<S>;
    const S* s = nullptr;
    const S* ds = nullptr;
    const S* t = nullptr;
    T pivot = 0, mean = 0, share = 0;

    template <class How>
    SOFTGRAD_INLINE Vec<T> moved(Vec<T> w, std::int64_t i, How how) const {
        const Vec<T> v = ByFiniteness<T>{}.keep(w, how.load(t + i), i, how);
        return how.load(ds + i) * ((v - pivot) - mean);
    }
    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> w = how.load(s + i);
        return moved(w, i, how) - w * share;
    }
};

template <class S>
struct BentRow {
    using T = Compute<S>;
    template <Write how>
    using Writer = Drain<S, how, Bent<S>>;

    const S* s;
    const S* ds;
    const S* t;
    S* y;
    std::int64_t n, last;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const std::int64_t from = r * n, next = ahead_of<S>(r, n, last);
        const auto m = weighted_mean(s + from, t + from, n, ByFiniteness<T>{}, true,
                                     [&](std::int64_t i) SOFTGRAD_BODY {
                                         prefetch<4 * lanes<T>>(s + next + i);
                                         prefetch<4 * lanes<T>>(t + next + i);
                                         meanwhile(i);
                                     });
        Bent<S> row{s + from, ds + from, t + from, m.pivot, m.mean};
        Sum<T> sum;
        accumulate<T>(n, sum, [&](std::int64_t i) SOFTGRAD_BODY {
                          prefetch<4 * lanes<T>>(ds + next + i);
                      },
                      [&](std::int64_t i, auto, auto how_) SOFTGRAD_BODY {
                          return row.moved(how_.load(s + from + i), i, how_);
                      });
        row.share = quotient(sum.total().high(), m.weights);
        return {row, y + from, n};
    }
};

template <class S>
void weighted_centering_bend(const Job& job, std::int64_t first, std::int64_t last) {
    rows_of(BentRow<S>{static_cast<const S*>(job.in[0]), static_cast<const S*>(job.in[1]),
                       static_cast<const S*>(job.in[2]), static_cast<S*>(job.out[0]), job.n, last},
            job, first, last, sizeof(S));
}

template <class S>
struct Negated {
    using T = Compute<S>;
    const S* dp = nullptr;
    T total = 0;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return -how.load(dp + i) * total;
    }
};

template <class S>
struct NegatedRow {
    using T = Compute<S>;
    template <Write how>
    using Writer = Drain<S, how, Negated<S>>;

    const S* dp;
    const S* g;
    const std::uint8_t* live;
    S* y;
    std::int64_t n, last;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const std::int64_t from = r * n, next = ahead_of<S>(r, n, last);
        const ByLife<T> life(live ? live + from : nullptr, n);
        Sum<T> sum;
        accumulate<T>(n, sum,
                      [&](std::int64_t i) SOFTGRAD_BODY {
                          prefetch<4 * lanes<T>>(g + next + i);
                          prefetch<4 * lanes<T>>(dp + next + i);
                          meanwhile(i);
                      },
                      [&](std::int64_t i, auto, auto how_) SOFTGRAD_BODY {
                          return life.kept(how_.load(g + from + i), i, how_);
                      });
        return {{dp + from, sum.total().high()}, y + from, n};
    }
};

template <class S>
void centering_bend_transposed(const Job& job, std::int64_t first, std::int64_t last) {
    rows_of(NegatedRow<S>{static_cast<const S*>(job.in[0]), static_cast<const S*>(job.in[1]),
                          static_cast<const std::uint8_t*>(job.in[2]),
                          static_cast<S*>(job.out[0]), job.n, last},
            job, first, last, sizeof(S));
}

}  // namespace
}  // namespace softgrad
