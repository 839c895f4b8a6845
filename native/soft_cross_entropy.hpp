// Cross-entropy of probabilities, alone or with its gradient.
//
//     soft_cross_entropy       in x, y, weight; out loss per row
//     soft_cross_entropy_grad  in x, y, weight; out loss per row, gradient
//
// As cross_entropy.hpp, with q_j = weight_j (kept y_j + spread). `weight` has one number per class
// and may be null: then all are 1. Constants: kept, spread, sum of spread * weight, share, lse_loss,
// lse_share.
//
// A class of -inf that is asked for costs infinity. A row whose loss is not finite has no gradient
// that means anything.
#pragma once
#include "softmax.hpp"

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
        return weighted(kept * how.load(y + i) + spread, i, how);
    }
    SOFTGRAD_INLINE double of_one(std::int64_t i) const {
        const double q = static_cast<double>(kept) * element(y + i) + spread;
        return weight ? q * weight[i] : q;
    }
};

template <class S>
struct SoftLosses {
    using T = Compute<S>;
    const S* x;
    const S* y;
    const T* weight;
    double kept, spread, spread_sum, share, lse_loss, lse_share;

    explicit SoftLosses(const Job& job)
        : x(static_cast<const S*>(job.in[0])),
          y(static_cast<const S*>(job.in[1])),
          weight(static_cast<const T*>(job.in[2])),
          kept(job.constant[0]),
          spread(job.constant[1]),
          spread_sum(job.constant[2]),
          share(job.constant[3]),
          lse_loss(job.constant[4]),
          lse_share(job.constant[5]) {}

    SOFTGRAD_INLINE Asked<S> asked(std::int64_t at) const {
        return {y + at, weight, static_cast<T>(kept), static_cast<T>(spread)};
    }
};

// What one row's sum says, before its gradient is written.
template <class S>
struct SoftRowLoss {
    using T = Compute<S>;
    double loss = 0, lse = 0;
    Exact<T> rest{}, asked{};
    bool empty = false;  // no class is possible

    SOFTGRAD_INLINE SoftRowLoss(const S* x, std::int64_t n, const Asked<S>& of,
                                const Normaliser<T>& row, const SoftLosses<S>& losses) {
        empty = row.maximum == -infinity<T> && row.sums.total().rounded() == 0;
        if (empty) return;
        const T top = row.top();
        rest = others(x, n, row, top);
        const double log_sum = std::log1p(rest.rounded() / top);
        lse = row.maximum + log_sum;
        Sum<T> cost, sum;
        accumulate<T>(n, cost, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            const Vec<T> below = row.maximum - how.load(x + i, row.maximum);
            const Vec<T> q = of(i, how);  // an entry that is not there has its spread, times 0
            return Two<T>{q == 0 ? Vec<T>{} : q * below,
                          of.weighted(of.kept * how.load(of.y + i), i, how)};
        });
        asked = sum.total() - static_cast<T>(-losses.spread_sum);
        loss = cost.total().rounded() + asked.rounded() * log_sum + losses.lse_loss * lse * lse;
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
        return top.in(how.load(e + i) * factor - asked(i, how) * share, i);
    }
};

template <class S>
struct SoftLossRow {
    using T = Compute<S>;
    template <Write how>
    using Writer = Drain<S, how, SoftGradient<S>>;

    double* loss;
    S* gradient;
    std::int64_t n, last;
    SoftLosses<S> losses;
    mutable TwoRows<T> scratch_rows;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const std::int64_t from = r * n, next = r + 1 < last ? from + n : from;
        T* e = scratch_rows.other();
        const auto row = normalise<true>(losses.x + from, e, n, [&](std::int64_t i) SOFTGRAD_BODY {
            prefetch<4 * lanes<T>>(losses.x + next + i);
            prefetch<4 * lanes<T>>(losses.y + next + i);
            meanwhile(i);
        });
        return {map(losses.x + from, losses.asked(from), e, row, loss[r]), gradient + from, n};
    }

    SoftGradient<S> map(const S* x, const Asked<S>& of, const T* e, const Normaliser<T>& row,
                        double& loss_of_row) const {
        const SoftRowLoss<S> told(x, n, of, row, losses);
        loss_of_row = told.loss;
        SoftGradient<S> found{e, of, 0, 0, {}};
        if (told.empty) return found;
        const Exact<T> exact_total = row.sums.total();
        const double total = exact_total.rounded(), slope = 2 * losses.lse_share * told.lse;
        found.factor = static_cast<T>((losses.share * told.asked.rounded() + slope) / total);
        found.share = static_cast<T>(losses.share);
        const T largest = row.top();
        if (2 * static_cast<double>(largest) > total) {
            // p (asked - q) - q (1 - p), where both terms are of the others
            std::int64_t place = row.sums.start;
            while (place < n - 1 && element(x + place) != row.maximum) ++place;
            const double q = of.of_one(place), p = largest / total;
            const double value = p * less(told.asked, q) - q * ratio_of(told.rest, exact_total);
            found.top = {place, static_cast<T>(losses.share * value + slope * p)};
        }
        return found;
    }

    static double less(Exact<float> a, double b) { return a.value - b; }
    static double less(Exact<double> a, double b) { return (a - b).rounded(); }
};

template <class S>
void soft_cross_entropy(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const SoftLosses<S> losses(job);
    const std::int64_t n = job.n;
    auto* loss = static_cast<double*>(job.out[0]);
    const bool long_row = n * static_cast<std::int64_t>(sizeof(S)) > longest_row;
    for (std::int64_t r = first; r < last; ++r) {
        const std::int64_t from = r * n, next = r + 1 < last ? from + n : from;
        const auto ahead = [&](std::int64_t i) SOFTGRAD_BODY {
            prefetch<4 * lanes<T>>(losses.x + next + i);
            prefetch<4 * lanes<T>>(losses.y + next + i);
        };
        const S* x = losses.x + from;
        const auto row = long_row ? normalise_once(x, n)
                                  : normalise<false>(x, static_cast<T*>(nullptr), n, ahead);
        loss[r] = SoftRowLoss<S>(x, n, losses.asked(from), row, losses).loss;
    }
}

template <class S>
void soft_cross_entropy_grad(const Job& job, std::int64_t first, std::int64_t last) {
    const SoftLossRow<S> row{static_cast<double*>(job.out[0]), static_cast<S*>(job.out[1]), job.n,
                             last, SoftLosses<S>(job), TwoRows<Compute<S>>(job.n)};
    each_row(row, first, last, job.rows * job.n * static_cast<std::int64_t>(sizeof(S)));
}

}  // namespace
}  // namespace softgrad
