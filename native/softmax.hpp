// softmax of contiguous rows: in x; out p.
//
// A row is exponentiated into one scratch row while the row before it, in another, is divided and
// written to its place and the row after it is prefetched: arithmetic, stores and loads overlap.
// Rows too long for such scratch are read twice, block by block.
//
// Special rows need no branch: -inf gives an exact 0, NaN and +inf reach the sum and through it the
// whole row, and a row of -inf has the sum 0, by which dividing gives 0 here.
#pragma once
#include "normaliser.hpp"

namespace softgrad {
namespace {

template <class S, class V = Compute<S>>
struct Quotients {
    using T = Compute<S>;
    const T* e = nullptr;
    Total<V> total;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return quotient(how.load(e + i), total);
    }
};

template <class S, class N>
struct SoftmaxRow {
    using T = Compute<S>;
    using V = PerRow<T, N>;
    using Writer = Drain<S, Quotients<S, V>, N>;

    Rows<S, N> x;
    S* y;
    mutable WaitingRows<S, N> waiting;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        T* e = waiting.of(r);
        const auto total = kept_total(x[r], e, x.n, x.ahead(r, meanwhile));
        return {{e, Total<V>(total)}, y + start_of(r, x.n), x.n};
    }
};

template <class S>
void softmax_long_row(const S* x, S* y, std::int64_t n) {
    using T = Compute<S>;
    const auto row = normalise_once(x, n);
    const Total<T> total(row.total());
    constexpr Write how = Write::streamed;
    ScratchRows<T> blocks(block_elements);
    Drain<S, Quotients<S>> drain;
    for (std::int64_t i = 0; i < n; i += block_elements) {
        const std::int64_t k = block_at(i, n);
        T* e = blocks.of(i);
        const auto meanwhile = [&](std::int64_t) SOFTGRAD_BODY { drain.step(how); };
        exponentiate<true>(x + i, e, k, row.anchor, meanwhile);
        drain.finish(how);
        drain = {{e, total}, y + i, k};
        drain.start(how);
    }
    drain.finish(how);
    stream_fence();
}

template <class S>
void softmax(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const S* x = job.input<S>(0);
    S* y = job.output<S>(0);
    if (job.n * static_cast<std::int64_t>(sizeof(T)) > longest_row) {
        for (std::int64_t r = first; r < last; ++r)
            softmax_long_row(x + r * job.n, y + r * job.n, job.n);
        return;
    }
    by_layout<S>(job, [&](auto n) SOFTGRAD_BODY {
        const SoftmaxRow<S, decltype(n)> row{rows_of<S>(job, 0, n, last), y, waiting_rows(n, y)};
        each_row(row, first, last, job.bytes<S>());
    });
}

}  // namespace
}  // namespace softgrad
