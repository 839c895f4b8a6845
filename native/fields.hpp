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

// Beside the probabilities, the logarithms of all of them, or where `every` is false one number.
template <class S, class N>
struct FieldsRow {
    using T = Compute<S>;
    using V = PerRow<T, N>;
    using Writer = Both<Drain<S, LogProbabilities<S, V>, N>, Drain<S, Quotients<S, V>, N>>;

    Rows<S, N> x;
    LogSoftmaxRow<S, N> logarithms;
    S* p;
    bool every;
    mutable WaitingRows<S, N> waiting;

    template <class Meanwhile>
    SOFTGRAD_INLINE Kept<V> begin(std::int64_t r, Meanwhile meanwhile) const {
        T* e = waiting.of(r);
        return {normalise<true>(x[r], e, x.n, x.ahead(r, meanwhile)), e};
    }
    SOFTGRAD_INLINE Writer end(std::int64_t r, const Kept<V>& sum, Wide<V> log) const {
        Writer writer;
        if (every)
            writer.first = logarithms.end(r, sum, log);
        else
            store_logarithm<S, V>(logarithms.y + r, sum, log);
        writer.second = {{sum.e, Total<V>(sum.total)}, p + start_of(r, x.n), x.n};
        return writer;
    }
};

template <class S>
void fields_of_rows(const Job& job, std::int64_t first, std::int64_t last, bool every) {
    using T = Compute<S>;
    if (job.n * static_cast<std::int64_t>(sizeof(T)) > longest_row)
        return in_turn<S>(job, first, last, every ? log_softmax<S> : logsumexp<S>, softmax<S>);
    S* p = job.output<S>(1);
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        const auto x = rows_of<S>(job, 0, n, last);
        const FieldsRow<S, decltype(n)> described{
            x, {x, job.output<S>(0), static_cast<T>(job.constant[0])}, p, every,
            waiting_rows(n, p)};
        log_rows<S>(described, first, last, [&](const auto& row) {
            each_row(row, first, last, job.bytes<S>());
        });
    });
}

template <class S>
void log_softmax_fields(const Job& job, std::int64_t first, std::int64_t last) {
    fields_of_rows<S>(job, first, last, true);
}

template <class S>
void logsumexp_fields(const Job& job, std::int64_t first, std::int64_t last) {
    fields_of_rows<S>(job, first, last, false);
}

}  // namespace
}  // namespace softgrad
