// log_softmax and logsumexp of contiguous rows.
//
//     log_softmax  in x; out y            constant: what a row of -inf gives
//     logsumexp    in x; out y per row
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
    SOFTGRAD_INLINE LogProbabilities(const S* x, std::int64_t n, const Normaliser<T>& row, T empty)
        : x(x) {
        const T top = row.top();
        if (row.maximum == -infinity<T> && row.sums.total().rounded() == 0) {
            floor = empty;
        } else {
            shift = row.maximum;
            log_sum = static_cast<T>(std::log1p(others(x, n, row, top).rounded() / top));
        }
    }
    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return maximum(broadcast(floor), (how.load(x + i) - shift) - log_sum);
    }
};

// The value of a row's logsumexp.
template <class S>
SOFTGRAD_INLINE Compute<S> log_of_sum(const S* x, std::int64_t n,
                                      const Normaliser<Compute<S>>& row) {
    const auto log_p = LogProbabilities<S>(x, n, row, 0);
    return log_p.floor == 0 ? -infinity<Compute<S>> : log_p.shift + log_p.log_sum;
}

template <class S>
struct LogSoftmaxRow {
    using T = Compute<S>;
    template <Write how>
    using Writer = Drain<S, how, LogProbabilities<S>>;

    const S* x;
    S* y;
    std::int64_t n, last;
    T empty;

    template <Write how, class Meanwhile>
    SOFTGRAD_INLINE Writer<how> read(std::int64_t r, Meanwhile meanwhile) const {
        const S* at = x + r * n;
        const S* next = r + 1 < last ? at + n : at;
        const auto row = normalise<false>(at, static_cast<T*>(nullptr), n,
                                          [&](std::int64_t i) SOFTGRAD_BODY {
                                              prefetch<4 * lanes<T>>(next + i);
                                              meanwhile(i);
                                          });
        return {{at, n, row, empty}, y + r * n, n};
    }
};

template <class S>
void log_softmax(const Job& job, std::int64_t first, std::int64_t last) {
    const auto* x = static_cast<const S*>(job.in[0]);
    auto* y = static_cast<S*>(job.out[0]);
    const auto empty = static_cast<Compute<S>>(job.constant[0]);
    const std::int64_t n = job.n;
    if (n * static_cast<std::int64_t>(sizeof(S)) <= longest_row) {
        each_row(LogSoftmaxRow<S>{x, y, n, last, empty}, first, last, job.rows * n * sizeof(S));
        return;
    }
    for (std::int64_t r = first; r < last; ++r) {
        const S* at = x + r * n;
        Drain<S, Write::streamed, LogProbabilities<S>> drain{
            {at, n, normalise_once(at, n), empty}, y + r * n, n};
        drain.finish();
    }
    stream_fence();
}

template <class S>
void logsumexp(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const auto* x = static_cast<const S*>(job.in[0]) + first * job.n;
    auto* y = static_cast<S*>(job.out[0]);
    const bool long_row = job.n * static_cast<std::int64_t>(sizeof(S)) > longest_row;
    for (std::int64_t r = first; r < last; ++r, x += job.n) {
        const S* next = r + 1 < last ? x + job.n : x;
        const auto ahead = [&](std::int64_t i) SOFTGRAD_BODY { prefetch<4 * lanes<T>>(next + i); };
        const auto row = long_row ? normalise_once(x, job.n)
                                  : normalise<false>(x, static_cast<T*>(nullptr), job.n, ahead);
        First{1}.store(y + r, broadcast(log_of_sum(x, job.n, row)));
    }
}

}  // namespace
}  // namespace softgrad
