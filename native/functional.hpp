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
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        using N = decltype(n);
        for (std::int64_t r = first; r < last; r += rows_at_once<T, N>) {
            const Scaled<S> product{p + start_of(r, n), t + start_of(r, n)};
            RowSum<T, N> sum;
            accumulate<T>(n, sum, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
                return product(i, how);
            });
            store_number(y + r, sum.total().high());
        }
    });
}

template <class S, class V>
struct ScaledBy {
    using T = Compute<S>;
    const S* p = nullptr;
    V g{};

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return scaled<T>(how.load(p + i), broadcast(g));
    }
};

template <class S, class N>
struct ScaledRow {
    using V = PerRow<Compute<S>, N>;
    using Writer = Drain<S, ScaledBy<S, V>, N>;

    const S* p;
    const S* g;
    S* y;
    N n;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile) const {
        const std::int64_t at = start_of(r, n);
        return {{p + at, number<V>(g + r)}, y + at, n};
    }
};

template <class S>
void functional_transposed(const Job& job, std::int64_t first, std::int64_t last) {
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        const ScaledRow<S, decltype(n)> row{job.input<S>(0), job.input<S>(1), job.output<S>(0), n};
        each_row(row, first, last, job.bytes<S>());
    });
}

}  // namespace
}  // namespace softgrad
