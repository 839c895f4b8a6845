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
    const S *p = job.input<S>(0), *t = job.input<S>(1);
    S* y = job.output<S>(0);
    by_length<T>(job.n, [&](auto n) SOFTGRAD_BODY {
        for (std::int64_t r = first; r < last; ++r) {
            const Scaled<S> product{p + r * n, t + r * n};
            Sum<T> sum;
            accumulate<T>(n, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
                return product(i, how);
            });
            First{1}.store(y + r, broadcast(sum.total().high()));
        }
    });
}

template <class S>
struct ScaledBy {
    using T = Compute<S>;
    const S* p = nullptr;
    T g = 0;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return scaled<T>(how.load(p + i), broadcast(g));
    }
};

template <class S, class N>
struct ScaledRow {
    using Writer = Drain<S, ScaledBy<S>, N>;

    const S* p;
    const S* g;
    S* y;
    N n;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile) const {
        return {{p + r * n, element(g + r)}, y + r * n, n};
    }
};

template <class S>
void functional_transposed(const Job& job, std::int64_t first, std::int64_t last) {
    by_length<Compute<S>>(job.n, [&](auto n) SOFTGRAD_BODY {
        const ScaledRow<S, decltype(n)> row{job.input<S>(0), job.input<S>(1), job.output<S>(0), n};
        each_row(row, first, last, job.bytes<S>());
    });
}

}  // namespace
}  // namespace softgrad
