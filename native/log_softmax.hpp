// log_softmax and logsumexp of contiguous rows, alone or with the softmax that their derivatives
// need. A row is read twice; where that is asked for, its exponentials wait in scratch memory.
//
//     log_softmax         in x; out y            constant: what a row of -inf gives
//     log_softmax_fields  in x; out y, p
//     logsumexp           in x; out y per row
//     logsumexp_fields    in x; out y per row, p
#pragma once
#include "softmax.hpp"

namespace softgrad {
namespace {

// log p = (x - shift) - log_sum: both terms are of one sign. A row of -inf becomes `floor`.
template <class S>
struct LogProbabilities {
    using T = Compute<S>;
    const S* x = nullptr;
    T shift = 0, log_sum = 0, floor = -infinity<T>;

    LogProbabilities() = default;
    template <class N>
    SOFTGRAD_INLINE LogProbabilities(const S* x, const Normaliser<S, N>& row, T empty) : x(x) {
        if (is_empty(row)) {
            floor = empty;
        } else {
            shift = row.maximum;
            log_sum = static_cast<T>(log1p_of<T>(row.others().rounded() / row.top()));
        }
    }
    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return maximum(broadcast(floor), (how.load(x + i) - shift) - log_sum);
    }
};

template <class S, class N>
struct LogSoftmaxRow {
    template <Write how>
    using Writer = Drain<S, how, LogProbabilities<S>, N>;

    Rows<S, N> x;
    S* y;
    N n;
    Compute<S> empty;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        return {{x[r], normaliser_of(x[r], n, x.ahead(r, meanwhile)), empty}, y + r * n, n};
    }
};

template <class S>
void log_softmax(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const auto* x = static_cast<const S*>(job.in[0]);
    auto* y = static_cast<S*>(job.out[0]);
    by_length<T>(job.n, [&](auto n) SOFTGRAD_BODY {
        const LogSoftmaxRow<S, decltype(n)> row{{x, n, last}, y, n, static_cast<T>(job.constant[0])};
        each_row_read_twice<S>(row, job, first, last, longest_row);
    });
}

template <class S>
void logsumexp(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    auto* y = static_cast<S*>(job.out[0]);
    by_length<T>(job.n, [&](auto n) SOFTGRAD_BODY {
        const Rows<S, decltype(n)> x{static_cast<const S*>(job.in[0]), n, last};
        for (std::int64_t r = first; r < last; ++r) {
            const auto row = normaliser_of(x[r], n, x.ahead(r, Nothing{}));
            const LogProbabilities<S> log_p(x[r], row, 0);
            const T value = log_p.floor == 0 ? -infinity<T> : log_p.shift + log_p.log_sum;
            First{1}.store(y + r, broadcast(value));
        }
    });
}

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

template <class S>
void log_softmax_fields(const Job& job, std::int64_t first, std::int64_t last) {
    in_turn<S>(job, first, last, log_softmax<S>, softmax<S>);
}

template <class S>
void logsumexp_fields(const Job& job, std::int64_t first, std::int64_t last) {
    in_turn<S>(job, first, last, logsumexp<S>, softmax<S>);
}

}  // namespace
}  // namespace softgrad
