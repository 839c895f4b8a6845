// log_softmax and logsumexp of contiguous rows.
//
//     log_softmax  in x; out y            constant: what a row of -inf gives
//     logsumexp    in x; out y per row
#pragma once
#include "softmax.hpp"

namespace softgrad {
namespace {

// log p = (x - shift) - log_sum: both terms are of one sign. A row of -inf becomes `floor`.
template <class S, class V = Compute<S>>
struct LogProbabilities {
    using T = Compute<S>;
    const S* x = nullptr;
    V shift{}, log_sum{}, floor = V{} - infinity<T>;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return maximum(broadcast(floor), (how.load(x + i) - shift) - log_sum);
    }
};

template <class S, class N, class Meanwhile>
SOFTGRAD_INLINE auto summed(const Rows<S, N>& x, std::int64_t r, Meanwhile meanwhile) {
    return Summed<PerRow<Compute<S>, N>>(normaliser_of(x[r], x.n, x.ahead(r, meanwhile)));
}

template <class S, class N>
struct LogSoftmaxRow {
    using T = Compute<S>;
    using V = PerRow<T, N>;
    using Writer = Drain<S, LogProbabilities<S, V>, N>;

    Rows<S, N> x;
    S* y;
    T empty;

    template <class Meanwhile>
    SOFTGRAD_INLINE Summed<V> begin(std::int64_t r, Meanwhile meanwhile) const {
        return summed(x, r, meanwhile);
    }
    SOFTGRAD_INLINE Writer end(std::int64_t r, const Summed<V>& sum, Wide<V> log) const {
        const auto unless_empty = [&](V v, T otherwise) SOFTGRAD_BODY {
            return choose(sum.empty, V{} + otherwise, v);
        };
        return {{x[r], unless_empty(sum.maximum, 0), unless_empty(narrowed<V>(log), 0),
                 unless_empty(V{} - infinity<T>, empty)},
                y + start_of(r, x.n),
                x.n};
    }
};

// A row that is begun and, with its logarithm, ended at once.
template <class Row>
struct Logarithmic {
    using Writer = typename Row::Writer;
    const Row& row;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        const auto sum = row.begin(r, meanwhile);
        return row.end(r, sum, sum.log());
    }
};

// Runs each(row) on such a row. Short ones are begun, and written with their logarithms, in groups.
template <class S, class Row, class Each>
void log_rows(const Row& row, std::int64_t first, std::int64_t last, Each each) {
    if constexpr (Row::Writer::one_step)
        with_logarithms<S>(
            row.x.n, first, last,
            [&](std::int64_t r) SOFTGRAD_BODY { return row.begin(r, Nothing{}); },
            [&](std::int64_t r, const auto& sum, auto log) SOFTGRAD_BODY {
                row.end(r, sum, log).finish(Write::cached);
            });
    else
        each(Logarithmic<Row>{row});
}

// The same for the rows that make(n) describes.
template <class S, class Make>
void each_log_row(const Job& job, std::int64_t first, std::int64_t last, Make make) {
    by_length<Compute<S>>(job.n, [&](auto n) SOFTGRAD_BODY {
        const auto described = make(n);
        log_rows<S>(described, first, last, [&](const auto& row) {
            each_row(row, first, last, job.bytes<S>());
        });
    });
}

template <class S>
void log_softmax(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        const LogSoftmaxRow<S, decltype(n)> row{rows_of<S>(job, 0, n, last), job.output<S>(0),
                                                static_cast<T>(job.constant[0])};
        log_rows<S>(row, first, last, [&](const auto& whole) {
            each_row_read_twice<S>(whole, job, first, last, longest_row);
        });
    });
}

template <class S, class V>
SOFTGRAD_INLINE void store_logarithm(S* y, const Summed<V>& sum, Wide<V> log) {
    const V value = sum.maximum + narrowed<V>(log);
    store_number(y, choose(sum.empty, V{} - infinity<Scalar<V>>, value));
}

template <class S>
void logsumexp(const Job& job, std::int64_t first, std::int64_t last) {
    S* y = job.output<S>(0);
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        const auto x = rows_of<S>(job, 0, n, last);
        with_logarithms<S>(
            n, first, last,
            [&](std::int64_t r) SOFTGRAD_BODY { return summed(x, r, Nothing{}); },
            [&](std::int64_t r, const auto& sum, auto log) SOFTGRAD_BODY {
                store_logarithm(y + r, sum, log);
            });
    });
}

}  // namespace
}  // namespace softgrad
