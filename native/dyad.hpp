// Dense Jacobians: one square matrix for each row of the input.
//
//     dyads  in u, v, d; out u_i v_j, and d_i on the diagonal
//
// Where u is 0 or infinite, v is not read. A job runs over the rows of the matrices.
#pragma once
#include "elementwise.hpp"

namespace softgrad {
namespace {

template <class S>
struct Dyadic {
    using T = Compute<S>;
    const S* v = nullptr;
    T u = 0;
    Exception<T> diagonal;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t j, How how) const {
        return diagonal.in(scaled<T>(broadcast(u), how.load(v + j)), j, how);
    }
};

template <class S, class N>
struct DyadRow {
    using Writer = Drain<S, Dyadic<S>, N>;

    const S* u;
    const S* v;
    const S* d;
    S* y;
    N n;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile) const {
        const std::int64_t i = r % n;
        return {{v + (r - i), element(u + r), {i, element(d + r)}}, y + r * n, n};
    }
};

template <class S>
void dyads(const Job& job, std::int64_t first, std::int64_t last) {
    by_length<Compute<S>>(job.n, [&](auto n) SOFTGRAD_BODY {
        const DyadRow<S, decltype(n)> row{job.input<S>(0), job.input<S>(1), job.input<S>(2),
                                          job.output<S>(0), n};
        each_row(row, first, last, job.n * job.bytes<S>());
    });
}

}  // namespace
}  // namespace softgrad
