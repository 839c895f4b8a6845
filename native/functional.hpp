// The Jacobian of one number per row, p, applied to rows: <p,t>, and transposed p g. A weight that
// is 0 or infinite reads nothing.
//
//     functional             in p, t; out <p,t> per row
//     functional_transposed  in p, g per row; out p g
#pragma once
#include "elementwise.hpp"

namespace softgrad {
namespace {

template <class S>
void functional(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const auto* p = static_cast<const S*>(job.in[0]);
    const auto* t = static_cast<const S*>(job.in[1]);
    auto* y = static_cast<S*>(job.out[0]);
    for (std::int64_t r = first; r < last; ++r) {
        const Scaled<S> product{p + r * job.n, t + r * job.n};
        Sum<T> sum;
        accumulate<T>(job.n, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            return product(i, how);
        });
        First{1}.store(y + r, broadcast(sum.total().high()));
    }
}

template <class S>
struct ScaledRow {
    using T = Compute<S>;
    const S* d = nullptr;
    T g = 0;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> by = how.load(d + i);
        const IntVec<T> none = (by == 0) | (by == infinity<T>) | (by == -infinity<T>);
        return none ? Vec<T>{} : by * g;
    }
};

template <class S, Write how>
void scale_rows(const Job& job, std::int64_t first, std::int64_t last) {
    const auto* p = static_cast<const S*>(job.in[0]);
    const auto* g = static_cast<const S*>(job.in[1]);
    auto* y = static_cast<S*>(job.out[0]);
    for (std::int64_t r = first; r < last; ++r)
        Drain<S, how, ScaledRow<S>>({p + r * job.n, element(g + r)}, y + r * job.n, job.n).finish();
    stream_fence();
}

template <class S>
void functional_transposed(const Job& job, std::int64_t first, std::int64_t last) {
    if (job.rows * job.n * static_cast<std::int64_t>(sizeof(S)) < streamed_bytes)
        scale_rows<S, Write::cached>(job, first, last);
    else
        scale_rows<S, Write::streamed>(job, first, last);
}

}  // namespace
}  // namespace softgrad
