// log_softmax and logsumexp of contiguous rows with the softmax that their derivatives need, from
// the same exponentials.
//
//     log_softmax_fields  in x; out y, p          constant: what a row of -inf gives
//     logsumexp_fields    in x; out y per row, p
#pragma once
#include "log_softmax.hpp"

namespace softgrad {
namespace {

// Runs two kernels on the same rows in turn, a few rows at a time: the second finds them in cache.
template <class S>
void in_turn(const Job& job, std::int64_t first, std::int64_t last, Kernel value, Kernel field) {
    Job other = job;
    other.out[0] = job.out[1];
    const std::int64_t few = (1 << 18) / (job.n * static_cast<std::int64_t>(sizeof(S))) + 1;
    for (std::int64_t r = first; r < last; r += few) {
        const std::int64_t end = r + few < last ? r + few : last;
        value(job, r, end);
        field(other, r, end);
    }
}

// What the row needs besides its exponentials, which wait in scratch memory: the logarithms of all
// of its probabilities, or one number.
template <class S, bool every>
struct FieldsRow {
    using T = Compute<S>;
    template <Write how>
    using Writer = Both<Drain<S, how, LogProbabilities<S>>, Drain<S, how, Quotients<S>>>;

    const S* x;
    S* y;
    S* p;
    std::int64_t n, last;
    T empty;
    mutable TwoRows<T> scratch_rows;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const S* at = x + r * n;
        const S* next = r + 1 < last ? at + n : at;
        T* e = scratch_rows.other();
        const auto row = normalise<true>(at, e, n, [&](std::int64_t i) SOFTGRAD_BODY {
            prefetch<4 * lanes<T>>(next + i);
            meanwhile(i);
        });
        Writer<how> writer;
        if constexpr (every)
            writer.first = {{at, n, row, empty}, y + r * n, n};
        else
            First{1}.store(y + r, broadcast(log_of_sum(at, n, row)));
        writer.second = {{e, Total<T>(row.sums.total())}, p + r * n, n};
        return writer;
    }
};

template <class S, bool every>
void fields_of_rows(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    if (job.n * static_cast<std::int64_t>(sizeof(T)) > longest_row)
        return in_turn<S>(job, first, last, every ? log_softmax<S> : logsumexp<S>, softmax<S>);
    const FieldsRow<S, every> row{static_cast<const S*>(job.in[0]),
                                  static_cast<S*>(job.out[0]),
                                  static_cast<S*>(job.out[1]),
                                  job.n,
                                  last,
                                  static_cast<T>(job.constant[0]),
                                  TwoRows<T>(job.n)};
    each_row(row, first, last, job.rows * job.n * static_cast<std::int64_t>(sizeof(S)));
}

template <class S>
void log_softmax_fields(const Job& job, std::int64_t first, std::int64_t last) {
    fields_of_rows<S, true>(job, first, last);
}

template <class S>
void logsumexp_fields(const Job& job, std::int64_t first, std::int64_t last) {
    fields_of_rows<S, false>(job, first, last);
}

}  // namespace
}  // namespace softgrad
