// Cross-entropy of probabilities, alone or with its gradient.
//
//     soft_cross_entropy       in x, y, weight; out loss per row
//     soft_cross_entropy_grad  in x, y, weight; out loss per row, gradient
//
// As cross_entropy.hpp, with q_j = weight_j (kept y_j + spread). `weight` has one number per class
// and may be null: then all are 1. Constants: kept, spread, sum of spread * weight, share,
// lse_loss, lse_share.
//
// A class of -inf that is asked for costs infinity. A row whose loss is not finite has no gradient
// that means anything.
#pragma once
#include "log_softmax.hpp"

namespace softgrad {
namespace {

// What a row asks of its classes.
template <class S>
struct Asked {
    using T = Compute<S>;
    const S* y = nullptr;
    const T* weight = nullptr;
    T kept = 1, spread = 0;

    template <class How>
    SOFTGRAD_INLINE Vec<T> weighted(Vec<T> v, std::int64_t i, How how) const {
        return weight ? v * how.load(weight + i) : v;
    }
    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return weighted(fused(broadcast(kept), how.load(y + i), broadcast(spread)), i, how);
    }
    SOFTGRAD_INLINE double of_one(std::int64_t i) const {
        const double q = static_cast<double>(kept) * element(y + i) + spread;
        return weight ? q * weight[i] : q;
    }
};

template <class S>
struct SoftLosses {
    using T = Compute<S>;
    const T* weight;
    double kept, spread, spread_sum, share, lse_loss, lse_share;

    explicit SoftLosses(const Job& job)
        : weight(job.input<T>(2)),
          kept(job.constant[0]),
          spread(job.constant[1]),
          spread_sum(job.constant[2]),
          share(job.constant[3]),
          lse_loss(job.constant[4]),
          lse_share(job.constant[5]) {}

    SOFTGRAD_INLINE Asked<S> asked(const S* y) const {
        return {y, weight, static_cast<T>(kept), static_cast<T>(spread)};
    }
};

// What one row's sum says, before its gradient is written.
template <class S>
struct SoftRowLoss {
    using T = Compute<S>;
    double loss = 0, lse = 0;
    Exact<T> asked{};

    template <class N>
    SOFTGRAD_INLINE SoftRowLoss(const S* x, N n, const Asked<S>& of, const Summed<T>& row,
                                double log, const SoftLosses<S>& losses) {
        if (row.empty) return;
        lse = row.maximum + log;
        Sum<T> cost, sum;
        accumulate<T>(n, cost, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            const Vec<T> below = row.maximum - how.load(x + i, row.maximum);
            const Vec<T> q = of(i, how);  // an entry that is not there has its spread, times 0
            return Two<T>{q == 0 ? Vec<T>{} : q * below,
                          of.weighted(of.kept * how.load(of.y + i), i, how)};
        });
        asked = sum.total() - -losses.spread_sum;
        loss = cost.total().rounded() + asked.rounded() * log + losses.lse_loss * lse * lse;
    }
};

// e factor - share q, and the largest entry's own.
template <class S>
struct SoftGradient {
    using T = Compute<S>;
    const T* e = nullptr;
    Asked<S> asked;
    T factor = 0, share = 0;
    Exception<T> top;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> q = asked(i, how) * share;
        return top.in(fused(how.load(e + i), broadcast(factor), -q), i, how);
    }
};

template <class S, class N>
struct SoftLossRow {
    using T = Compute<S>;
    using Writer = Drain<S, SoftGradient<S>, N>;

    Rows<S, N> x, y;
    double* loss;
    S* gradient;
    SoftLosses<S> losses;
    mutable ScratchRows<T, N> scratch_rows;

    template <class Meanwhile>
    SOFTGRAD_INLINE Kept<T> begin(std::int64_t r, Meanwhile meanwhile) const {
        T* e = scratch_rows.of(r);
        return {normalise<true>(x[r], e, x.n, x.ahead(r, y.ahead(r, meanwhile))), e};
    }
    SOFTGRAD_INLINE Writer end(std::int64_t r, const Kept<T>& sum, double log) const {
        const Asked<S> of = losses.asked(y[r]);
        const SoftRowLoss<S> told(x[r], x.n, of, sum, log, losses);
        loss[r] = told.loss;
        SoftGradient<S> found{sum.e, of, 0, 0, {}};
        if (!sum.empty) settle(found, x[r], told, sum);
        return {found, gradient + r * x.n, x.n};
    }

    void settle(SoftGradient<S>& found, const S* at, const SoftRowLoss<S>& told,
                const Summed<T>& sum) const {
        const Exact<T> exact_total = sum.total;
        const double total = exact_total.rounded(), slope = 2 * losses.lse_share * told.lse;
        found.factor = static_cast<T>((losses.share * told.asked.rounded() + slope) / total);
        found.share = static_cast<T>(losses.share);
        if (!dominates(sum.top, exact_total)) return;
        // p (asked - q) - q (1 - p), where both terms are of the others
        const std::int64_t place = place_of(sum.maximum, at, x.n);
        const double q = found.asked.of_one(place), p = sum.top / total;
        const double value =
            p * (told.asked - q).rounded() - q * ratio_of(sum.others, exact_total);
        found.top = {place, static_cast<T>(losses.share * value + slope * p)};
    }
};

template <class S>
void soft_cross_entropy(const Job& job, std::int64_t first, std::int64_t last) {
    const SoftLosses<S> losses(job);
    auto* loss = job.output<double>(0);
    by_length<Compute<S>>(job.n, [&](auto n) SOFTGRAD_BODY {
        const auto x = rows_of<S>(job, 0, n, last), y = rows_of<S>(job, 1, n, last);
        with_logarithms<S>(
            n, first, last,
            [&](std::int64_t r) SOFTGRAD_BODY { return summed(x, r, y.ahead(r, Nothing{})); },
            [&](std::int64_t r, const auto& sum, double log) SOFTGRAD_BODY {
                loss[r] = SoftRowLoss<S>(x[r], n, losses.asked(y[r]), sum, log, losses).loss;
            });
    });
}

template <class S>
void soft_cross_entropy_grad(const Job& job, std::int64_t first, std::int64_t last) {
    each_log_row<S>(job, first, last, [&](auto n) SOFTGRAD_BODY {
        using N = decltype(n);
        return SoftLossRow<S, N>{rows_of<S>(job, 0, n, last), rows_of<S>(job, 1, n, last),
                                 job.output<double>(0),       job.output<S>(1),
                                 SoftLosses<S>(job),          ScratchRows<Compute<S>, N>(n)};
    });
}

}  // namespace
}  // namespace softgrad
