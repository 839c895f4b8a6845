// Dense Jacobians: one square matrix for each row of the input.
//
//     dyads  in u, v, d; out u_i v_j, and d_i on the diagonal
//
// Where u is 0 or infinite, v is not read. A job runs over the rows of the matrices.
#pragma once
#include "drain.hpp"

namespace softgrad {
namespace {

template <class S>
struct DyadRow {
    using T = Compute<S>;
    const S* v = nullptr;
    T u = 0;
    Exception<T> diagonal;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t j, How how) const {
        const bool none = u == 0 || u == infinity<T> || u == -infinity<T>;
        return diagonal.in(none ? Vec<T>{} : how.load(v + j) * u, j);
    }
};

template <class S, Write how>
void write_dyads(const Job& job, std::int64_t first, std::int64_t last) {
    const auto* u = static_cast<const S*>(job.in[0]);
    const auto* v = static_cast<const S*>(job.in[1]);
    const auto* d = static_cast<const S*>(job.in[2]);
    auto* y = static_cast<S*>(job.out[0]);
    const std::int64_t n = job.n;
    for (std::int64_t r = first; r < last; ++r) {
        const std::int64_t i = r % n;
        const DyadRow<S> row{v + (r - i), element(u + r), {i, element(d + r)}};
        Drain<S, how, DyadRow<S>>(row, y + r * n, n).finish();
    }
    stream_fence();
}

template <class S>
void dyads(const Job& job, std::int64_t first, std::int64_t last) {
    if (job.rows * job.n * job.n * static_cast<std::int64_t>(sizeof(S)) < streamed_bytes)
        write_dyads<S, Write::cached>(job, first, last);
    else
        write_dyads<S, Write::streamed>(job, first, last);
}

}  // namespace
}  // namespace softgrad
