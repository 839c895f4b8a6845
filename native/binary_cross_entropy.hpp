// Binary cross-entropy of logits, summed over each row, alone or with its gradient.
//
//     binary_cross_entropy       in x, y, weight, pos_weight; out loss per row
//     binary_cross_entropy_grad  in x, y, weight, pos_weight; out loss per row, gradient
//
// An entry costs w (v t log(1 + e^-x) + (1 - t) log(1 + e^x)) with t = kept y + spread, where an
// outcome that is not asked for costs nothing. `weight` w and `pos_weight` v may be null: then the
// constants hold for all. Constants: kept, spread, weight, pos_weight, share; the gradient's is
// share w.
#pragma once
#include "elementwise.hpp"
#include "normaliser.hpp"

namespace softgrad {
namespace {

template <class S>
struct Outcomes {
    using T = Compute<S>;
    const S* x = nullptr;
    const S* y = nullptr;
    const S* weights = nullptr;
    const S* pos_weights = nullptr;
    T kept = 1, spread = 0, weight = 1, pos_weight = 1, share = 1;

    struct Entry {
        Logistic<T> at;
        Vec<T> weight, one, zero;  // what the outcomes 1 and 0 are asked for

        template <class How>
        SOFTGRAD_INLINE Entry(const Outcomes& of, std::int64_t i, How how)
            : at(how.load(of.x + i)) {
            const Vec<T> t = fused(broadcast(of.kept), how.load(of.y + i), broadcast(of.spread));
            weight = of.weights ? how.load(of.weights + i) : broadcast(of.weight);
            one = t * (of.pos_weights ? how.load(of.pos_weights + i) : broadcast(of.pos_weight));
            zero = T(1) - t;
        }
        SOFTGRAD_INLINE Vec<T> loss() const {
            const Vec<T> none{};
            const Vec<T> up = one == 0 ? none : one * -at.log_up();
            const Vec<T> down = zero == 0 ? none : zero * at.cost();
            return weight == 0 ? none : weight * (up + down);
        }
        SOFTGRAD_INLINE Vec<T> slope() const { return zero * at.up() - one * at.down(); }
    };

    template <class How>
    SOFTGRAD_INLINE Entry entry(std::int64_t i, How how) const {
        return {*this, i, how};
    }
};

template <class S>
struct Computed {
    using T = Compute<S>;
    const T* e = nullptr;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return how.load(e + i);
    }
};

// The entries of job arrays from one place on.
template <class S>
SOFTGRAD_INLINE Outcomes<S> outcomes(const Job& job, std::int64_t at) {
    const auto array = [&](int k) {
        const S* a = job.input<S>(k);
        return a ? a + at : a;
    };
    const auto constant = [&](int k) { return static_cast<Compute<S>>(job.constant[k]); };
    return {array(0),    array(1),    array(2),    array(3),   constant(0),
            constant(1), constant(2), constant(3), constant(4)};
}

template <class S>
void binary_cross_entropy(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    auto* loss = job.output<double>(0);
    by_length<T>(job.n, [&](auto n) SOFTGRAD_BODY {
        for (std::int64_t r = first; r < last; ++r) {
            const Outcomes<S> of = outcomes<S>(job, r * n);
            Sum<T> sum;
            accumulate<T>(n, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
                return how.template only<T>(of.entry(i, how).loss());
            });
            loss[r] = sum.total().rounded();
        }
    });
}

// Block by block: the slopes of one are written while those of the next are computed.
template <class S>
void binary_cross_entropy_grad(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const Write how = way_of(job.bytes<S>());
    auto* loss = job.output<double>(0);
    ScratchRows<T> blocks(block_elements);
    Drain<S, Computed<S>> drain;
    for (std::int64_t r = first; r < last; ++r) {
        Sum<T> sum;
        for (std::int64_t at = 0; at < job.n; at += block_elements) {
            const std::int64_t from = r * job.n + at, k = block_at(at, job.n);
            const Outcomes<S> of = outcomes<S>(job, from);
            T* e = blocks.of(at);
            accumulate<T>(k, sum, [&](std::int64_t) SOFTGRAD_BODY { drain.step(how); },
                          [&](std::int64_t i, auto, auto how_) SOFTGRAD_BODY {
                              const auto entry = of.entry(i, how_);
                              const Vec<T> slope = entry.slope();
                              const Vec<T> by = entry.weight * of.share;
                              store(e + i, slope == 0 ? Vec<T>{} : slope * by);
                              return how_.template only<T>(entry.loss());
                          });
            drain.finish(how);
            drain = {{e}, job.output<S>(1) + from, k};
            drain.start(how);
        }
        loss[r] = sum.total().rounded();
    }
    drain.finish(how);
    stream_fence();
}

}  // namespace
}  // namespace softgrad
