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
template <class S, class V>
struct Bent {
    using T = Compute<S>;
    const S* s = nullptr;
    const S* ds = nullptr;
    const S* t = nullptr;
    Mean<V> by;
    V share{};

    template <class How>
    SOFTGRAD_INLINE Vec<T> moved(Vec<T> w, std::int64_t i, How how) const {
        const Vec<T> v = ByFiniteness<T>{}.keep(w, how.load(t + i), i, how);
        return how.load(ds + i) * (by.relative(v, i, how) - by.mean);
    }
    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> w = how.load(s + i);
        return fused(w, broadcast(-share), moved(w, i, how));
    }
};

template <class S, class N>
struct BentRow {
    using T = Compute<S>;
    using V = PerRow<T, N>;
    using Writer = Drain<S, Bent<S, V>, N>;

    Rows<S, N> s, ds, t;
    S* y;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        const auto step = s.ahead(r, t.ahead(r, meanwhile));
        const auto mean = weighted_mean(s[r], t[r], s.n, ByFiniteness<T>{}, true, step);
        Bent<S, V> row{s[r], ds[r], t[r], mean, {}};
        RowSum<T, N> sum;
        accumulate<T>(s.n, sum, ds.ahead(r, Nothing{}),
                      [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
                          return how.template only<T>(row.moved(how.load(row.s + i), i, how));
                      });
        row.share = mean.of(sum.total().rounded());
        return {row, y + start_of(r, s.n), s.n};
    }
};

template <class S>
void weighted_centering_bend(const Job& job, std::int64_t first, std::int64_t last) {
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        const auto rows = [&](int k) { return cached_rows<S>(job, k, n, last); };
        const BentRow<S, decltype(n)> row{rows(0), rows(1), rows(2), job.output<S>(0)};
        each_row_read_twice<S>(row, job, first, last, cached_row);
    });
}

template <class S, class V>
struct Negated {
    using T = Compute<S>;
    const S* dp = nullptr;
    V total{};

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return -how.load(dp + i) * total;
    }
};

template <class S, class N>
struct NegatedRow {
    using T = Compute<S>;
    using Writer = Drain<S, Negated<S, PerRow<T, N>>, N>;

    Rows<S, N> dp, g;
    const std::uint8_t* live;
    S* y;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        const S* upstream = g[r];
        const ByLife<T> life(live, r, g.n);
        RowSum<T, N> sum;
        accumulate<T>(g.n, sum, g.ahead(r, dp.ahead(r, meanwhile)),
                      [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
                          return life.kept(how.load(upstream + i), i, how);
                      });
        return {{dp[r], sum.total().high()}, y + start_of(r, g.n), g.n};
    }
};

template <class S>
constexpr Kernel centering_bend_transposed = centred_rows<S, NegatedRow>;

}  // namespace
}  // namespace softgrad
