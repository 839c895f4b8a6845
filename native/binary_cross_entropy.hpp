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
        SOFTGRAD_INLINE Entry(const Outcomes& of, std::int64_t i, How how) : at(how.load(of.x + i)) {
            const Vec<T> t = of.kept * how.load(of.y + i) + of.spread;
            weight = of.weights ? how.load(of.weights + i) : broadcast(of.weight);
            one = t * (of.pos_weights ? how.load(of.pos_weights + i) : broadcast(of.pos_weight));
            zero = T(1) - t;
        }
        SOFTGRAD_INLINE Vec<T> loss() const {
            const Vec<T> log = log1p<T>(at.decay), none{};
            const Vec<T> up = one == 0 ? none : one * ((at.x < 0 ? -at.x : none) + log);
            const Vec<T> down = zero == 0 ? none : zero * ((at.x > 0 ? at.x : none) + log);
            return weight == 0 ? none : weight * (up + down);
        }
        SOFTGRAD_INLINE Vec<T> slope() const { return zero * at.up() - one * at.down(); }
    };

    template <class How>
    SOFTGRAD_INLINE Entry entry(std::int64_t i, How how) const {
        return {*this, i, how};
    }
};

template <class T>
SOFTGRAD_INLINE Vec<T> only(Vec<T> v, Whole) {
    return v;
}
// 0 in the lanes that hold no entry.
template <class T>
SOFTGRAD_INLINE Vec<T> only(Vec<T> v, First some) {
    T held[lanes<T>] = {};
    some.store(held, v);
    return load(held);
}

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
        const auto* a = static_cast<const S*>(job.in[k]);
        return a ? a + at : a;
    };
    const auto constant = [&](int k) { return static_cast<Compute<S>>(job.constant[k]); };
    return {array(0),    array(1),    array(2),    array(3),   constant(0),
            constant(1), constant(2), constant(3), constant(4)};
}

template <class S>
void binary_cross_entropy(const Job& job, std::int64_t first, std::int64_t last) {
    auto* loss = static_cast<double*>(job.out[0]);
    for (std::int64_t r = first; r < last; ++r) {
        const Outcomes<S> of = outcomes<S>(job, r * job.n);
        Sum<Compute<S>> sum;
        accumulate<Compute<S>>(job.n, sum, Nothing{},
                               [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
                                   return only<Compute<S>>(of.entry(i, how).loss(), how);
                               });
        loss[r] = sum.total().rounded();
    }
}

// Block by block: the slopes of one are written while those of the next are computed.
template <class S, Write how>
void binary_gradient(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    auto* loss = static_cast<double*>(job.out[0]);
    TwoRows<T> blocks(block_elements);
    Drain<S, how, Computed<S>> drain;
    for (std::int64_t r = first; r < last; ++r) {
        Sum<T> sum;
        for (std::int64_t at = 0; at < job.n; at += block_elements) {
            const std::int64_t from = r * job.n + at;
            const std::int64_t k = at + block_elements < job.n ? block_elements : job.n - at;
            const Outcomes<S> of = outcomes<S>(job, from);
            T* e = blocks.other();
            accumulate<T>(k, sum, [&](std::int64_t) SOFTGRAD_BODY { drain.step(); },
                          [&](std::int64_t i, auto, auto how_) SOFTGRAD_BODY {
                              const auto entry = of.entry(i, how_);
                              const Vec<T> slope = entry.slope();
                              store(e + i, slope == 0 ? Vec<T>{} : slope * (entry.weight * of.share));
                              return only<T>(entry.loss(), how_);
                          });
            drain.finish();
            drain = {{e}, static_cast<S*>(job.out[1]) + from, k};
        }
        loss[r] = sum.total().rounded();
    }
    drain.finish();
    stream_fence();
}

template <class S>
void binary_cross_entropy_grad(const Job& job, std::int64_t first, std::int64_t last) {
    if (job.rows * job.n * static_cast<std::int64_t>(sizeof(S)) < streamed_bytes)
        binary_gradient<S, Write::cached>(job, first, last);
    else
        binary_gradient<S, Write::streamed>(job, first, last);
}

}  // namespace
}  // namespace softgrad
