// Cross-entropy of class indices, alone or with its gradient, which then costs one write more: the
// logits are read once, and their exponentials wait in scratch memory for the row's sum.
//
//     cross_entropy       in x, target, gain, offset; out loss per row
//     cross_entropy_grad  in x, target, gain, offset, share; out loss per row, gradient
//
// Row r costs, with q its weights of the classes and t its target,
//
//     loss = -sum_j q_j log p_j,   q_j = gain_r [j = t] + offset_j;
//     gradient_j = share_r (p_j sum q - q_j) + lse_share 2 lse p_j, where the last is the slope of
//     the squared logsumexp.
//
// `target` holds 64-bit indices; a negative one marks a row that costs nothing. `gain` (per row),
// `share` (per row) and `offset` (per class) may each be null: then the constant holds for all.
// Losses, gains and shares are doubles; `offset` has the precision that is computed in.
// Constants: gain, offset, sum of the offsets, share, lse_loss, lse_share; `lse_loss` times the
// squared logsumexp is added to the loss.
//
// A class of -inf is impossible: it costs infinity if it is asked for, and no gradient flows there.
#pragma once
#include "log_softmax.hpp"

namespace softgrad {
namespace {

template <class T>
struct Losses {
    const std::int64_t* target;
    const double* gains;
    const T* offsets;
    const double* shares;
    double gain, offset, offset_sum, share, lse_loss, lse_share;

    explicit Losses(const Job& job)
        : target(job.input<std::int64_t>(1)),
          gains(job.input<double>(2)),
          offsets(job.input<T>(3)),
          shares(job.input<double>(4)),
          gain(job.constant[0]),
          offset(job.constant[1]),
          offset_sum(job.constant[2]),
          share(job.constant[3]),
          lse_loss(job.constant[4]),
          lse_share(job.constant[5]) {}

    SOFTGRAD_INLINE bool smooth() const { return offsets != nullptr || offset != 0; }
    SOFTGRAD_INLINE double gain_of(std::int64_t r) const { return gains ? gains[r] : gain; }
    SOFTGRAD_INLINE double share_of(std::int64_t r) const { return shares ? shares[r] : share; }
    SOFTGRAD_INLINE double offset_of(std::int64_t j) const { return offsets ? offsets[j] : offset; }
};

// sum_j offset_j (maximum - x_j); a class without an offset is not read.
template <class S, class N>
SOFTGRAD_INLINE double spread(const S* x, N n, Compute<S> maximum,
                              const Losses<Compute<S>>& losses) {
    using T = Compute<S>;
    Sum<T> sum;
    const Vec<T> same = broadcast(static_cast<T>(losses.offset));
    accumulate<T>(n, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
        const Vec<T> weight = losses.offsets ? how.load(losses.offsets + i) : same;
        return weight == 0 ? Vec<T>{} : weight * (maximum - how.load(x + i, maximum));
    });
    return sum.total().rounded();
}

// What the row r costs.
template <class S, class N>
SOFTGRAD_INLINE double loss_of(Rows<S, N> x, std::int64_t r, const Summed<Compute<S>>& sum,
                               double log, const Losses<Compute<S>>& losses) {
    if (sum.empty) return 0;
    const double high = sum.maximum, asked = losses.gain_of(r), lse = high + log;
    double loss = asked == 0 ? 0 : asked * ((high - element(x[r] + losses.target[r])) + log);
    if (losses.smooth())
        loss += spread(x[r], x.n, sum.maximum, losses) + losses.offset_sum * log;
    return loss + losses.lse_loss * lse * lse;
}

// e factor - offset, and the target's own entry.
template <class S>
struct LossGradient {
    using T = Compute<S>;
    const T* e = nullptr;
    const T* offsets = nullptr;
    T factor = 0, offset = 0;
    Exception<T> target;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        Vec<T> by = broadcast(offset);
        if (offsets != nullptr) by *= how.load(offsets + i);
        return target.in(fused(how.load(e + i), broadcast(factor), -by), i, how);
    }
};

template <class S, class N>
struct LossRow {
    using T = Compute<S>;
    using Map = LossGradient<S>;
    using Writer = Drain<S, Map, N>;

    Rows<S, N> x;
    double* loss;
    S* gradient;
    Losses<T> losses;
    mutable ScratchRows<T, N> scratch_rows;

    // Of a row that costs nothing, zeros are kept.
    template <class Meanwhile>
    SOFTGRAD_INLINE Kept<T> begin(std::int64_t r, Meanwhile meanwhile) const {
        T* e = scratch_rows.of(r);
        if (losses.target[r] < 0) {
            std::memset(e, 0, static_cast<std::size_t>(std::int64_t{x.n}) * sizeof(T));
            Kept<T> nothing;
            nothing.e = e;
            return nothing;
        }
        return {normalise<true>(x[r], e, x.n, x.ahead(r, meanwhile)), e};
    }
    SOFTGRAD_INLINE Writer end(std::int64_t r, const Kept<T>& sum, double log) const {
        loss[r] = loss_of(x, r, sum, log, losses);
        S* to = gradient + r * x.n;
        return {sum.empty ? Map{sum.e, nullptr, 0, 0, {}} : map(r, sum, log), to, x.n};
    }

    SOFTGRAD_INLINE Map map(std::int64_t r, const Kept<T>& sum, double log) const {
        const S* at = x[r];
        T* e = sum.e;
        const double share = losses.share_of(r);
        const double slope = 2 * losses.lse_share * (sum.maximum + log);
        const std::int64_t t = losses.target[r];
        const T x_t = element(at + t);
        const Exact<T> exact_total = sum.total;
        const double total = exact_total.rounded();
        double asked = losses.gain_of(r), spread_sum = losses.offset_sum;
        if (x_t == -infinity<T>) asked = 0;
        const bool dead = losses.smooth() && std::isinf(loss[r]);
        if (dead) {
            spread_sum = 0;
            for (std::int64_t j = 0; j < x.n; ++j)
                if (element(at + j) != -infinity<T>) spread_sum += losses.offset_of(j);
        }
        const double per_e = (share * (asked + spread_sum) + slope) / total;
        const double e_t = e[t];
        const Exact<T> rest = x_t == sum.maximum ? sum.others : exact_total - e[t];
        const double own = x_t == -infinity<T> ? 0 : losses.offset_of(t);
        const double p_t = e_t / total;
        const double value =
            share * (spread_sum * p_t - own - asked * ratio_of(rest, exact_total)) + slope * p_t;
        Map found{e, losses.offsets, static_cast<T>(per_e),
                  static_cast<T>(losses.offsets ? share : share * losses.offset),
                  {t, static_cast<T>(value)}};
        if (dead) settle(at, e, share, found);
        return found;
    }

    // Rows with an offset at an impossible class, where nothing is subtracted: written out here.
    void settle(const S* at, T* e, double share, Map& map) const {
        for (std::int64_t j = 0; j < x.n; ++j) {
            const bool possible = element(at + j) != -infinity<T>;
            e[j] = e[j] * map.factor -
                   (possible ? static_cast<T>(share * losses.offset_of(j)) : T(0));
        }
        map.factor = 1;
        map.offset = 0;
    }
};

template <class S>
void cross_entropy(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const Losses<T> losses(job);
    auto* loss = job.output<double>(0);
    by_length<T>(job.n, [&](auto n) SOFTGRAD_BODY {
        const auto x = rows_of<S>(job, 0, n, last);
        with_logarithms<S>(
            n, first, last,
            [&](std::int64_t r) SOFTGRAD_BODY {
                return losses.target[r] < 0 ? Summed<T>() : summed(x, r, Nothing{});
            },
            [&](std::int64_t r, const auto& sum, double log) SOFTGRAD_BODY {
                loss[r] = loss_of(x, r, sum, log, losses);
            });
    });
}

template <class S>
void cross_entropy_grad(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    each_log_row<S>(job, first, last, [&](auto n) SOFTGRAD_BODY {
        using N = decltype(n);
        return LossRow<S, N>{rows_of<S>(job, 0, n, last), job.output<double>(0), job.output<S>(1),
                             Losses<T>(job), ScratchRows<T, N>(n)};
    });
}

}  // namespace
}  // namespace softgrad
