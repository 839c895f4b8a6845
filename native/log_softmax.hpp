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

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return maximum(broadcast(floor), (how.load(x + i) - shift) - log_sum);
    }
};

template <class S, class N>
struct LogSoftmaxRow {
    using T = Compute<S>;
    using Writer = Drain<S, LogProbabilities<S>, N>;

    Rows<S, N> x;
    S* y;
    T empty;

    template <class Meanwhile>
    SOFTGRAD_INLINE Summed<T> begin(std::int64_t r, Meanwhile meanwhile) const {
        return Summed<T>(normaliser_of(x[r], x.n, x.ahead(r, meanwhile)));
    }
    SOFTGRAD_INLINE Writer end(std::int64_t r, const Summed<T>& sum, double log) const {
        S* to = y + r * x.n;
        if (sum.empty) return {{x[r], 0, 0, empty}, to, x.n};
        return {{x[r], sum.maximum, static_cast<T>(log), -infinity<T>}, to, x.n};
    }
    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        const auto sum = begin(r, meanwhile);
        return end(r, sum, sum.log());
    }
};

// Short rows that are begun, and written with their logarithm.
template <class S, class Row>
void short_log_rows(const Row& row, std::int64_t first, std::int64_t last) {
    with_logarithms<S>(
        row.x.n, first, last, [&](std::int64_t r) SOFTGRAD_BODY { return row.begin(r, Nothing{}); },
        [&](std::int64_t r, const auto& sum, double log) SOFTGRAD_BODY {
            row.end(r, sum, log).finish(Write::cached);
        });
}

template <class S>
void log_softmax(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const auto* x = static_cast<const S*>(job.in[0]);
    auto* y = static_cast<S*>(job.out[0]);
    by_length<T>(job.n, [&](auto n) SOFTGRAD_BODY {
        using N = decltype(n);
        const LogSoftmaxRow<S, N> row{{x, n, last}, y, static_cast<T>(job.constant[0])};
        if constexpr (is_few<N>)
            short_log_rows<S>(row, first, last);
        else
            each_row_read_twice<S>(row, job, first, last, longest_row);
    });
}

template <class S>
void logsumexp(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    auto* y = static_cast<S*>(job.out[0]);
    by_length<T>(job.n, [&](auto n) SOFTGRAD_BODY {
        const Rows<S, decltype(n)> x{static_cast<const S*>(job.in[0]), n, last};
        with_logarithms<S>(
            n, first, last,
            [&](std::int64_t r) SOFTGRAD_BODY {
                return Summed<T>(normaliser_of(x[r], n, x.ahead(r, Nothing{})));
            },
            [&](std::int64_t r, const auto& sum, double log) SOFTGRAD_BODY {
                const T value = sum.maximum + static_cast<T>(log);
                First{1}.store(y + r, broadcast(sum.empty ? -infinity<T> : value));
            });
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
