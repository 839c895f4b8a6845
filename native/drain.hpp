// Writing a finished row to its place in memory, a little at a time, while the next one is read.
#pragma once
#include "kernels.hpp"
#include "lane_loops.hpp"
#include "loops.hpp"
#include "places.hpp"

namespace softgrad {
namespace {

enum class Write { cached, streamed };

constexpr std::int64_t streamed_bytes = 4 << 20;  // results from here on go around the cache

SOFTGRAD_INLINE Write way_of(std::int64_t bytes) {
    return bytes < streamed_bytes ? Write::cached : Write::streamed;
}

// y[i] = map(i), four vectors at a step. A line once streamed is not touched again: that would
// stall until it has left the write-combining buffer.
template <class S, class Map, class N = std::int64_t>
class Drain {
    using T = Compute<S>;
    static constexpr int L = lanes<T>;
    Map map_;
    S* y_ = nullptr;
    std::int64_t at_ = 0, n_ = 0;

  public:
    static constexpr bool one_step = is_few<N>;
    static constexpr int rows = 1;

    Drain() = default;
    SOFTGRAD_INLINE Drain(Map map, S* y, N n) : map_(map), y_(y), n_(n) {}
    SOFTGRAD_INLINE explicit operator bool() const { return n_ != 0; }

    // Before the first step.
    SOFTGRAD_INLINE void start(Write how) {
        if (how == Write::cached) return;
        const int past = static_cast<int>(reinterpret_cast<std::uintptr_t>(y_) % (L * sizeof(S)) /
                                          sizeof(S));
        if (past != 0) partial(n_ < L - past ? static_cast<int>(n_) : L - past);
    }
    SOFTGRAD_INLINE void step(Write how) {
        if (n_ - at_ < 4 * L) return;
        Vec<T> v[4];
        for (int k = 0; k < 4; ++k) v[k] = map_(at_ + k * L, Whole{});
        for (int k = 0; k < 4; ++k) put(at_ + k * L, v[k], how);
        at_ += 4 * L;
    }
    SOFTGRAD_INLINE void finish(Write how) {
        if constexpr (one_step) return partial(static_cast<int>(n_));
        while (n_ - at_ >= 4 * L) step(how);
        for (; n_ - at_ >= L; at_ += L) put(at_, map_(at_, Whole{}), how);
        if (at_ < n_) partial(static_cast<int>(n_ - at_));
    }

  private:
    SOFTGRAD_INLINE void put(std::int64_t i, Vec<T> v, Write how) {
        if (how == Write::streamed)
            stream_to(y_ + i, v);
        else
            store(y_ + i, v);
    }
    SOFTGRAD_INLINE void partial(int k) {
        const First some{k};
        some.store(y_ + at_, map_(at_, some));
        at_ += k;
    }
};

// Of rows in lanes, each vector in turn; these are few enough to stay in cache.
template <class S, class Map>
class Drain<S, Map, Lanes> {
    Map map_;
    S* y_ = nullptr;
    Lanes n_{};

  public:
    static constexpr bool one_step = true;
    static constexpr int rows = lanes<S>;

    Drain() = default;
    SOFTGRAD_INLINE Drain(Map map, S* y, Lanes n) : map_(map), y_(y), n_(n) {}
    SOFTGRAD_INLINE explicit operator bool() const { return n_.n != 0; }
    SOFTGRAD_INLINE void finish(Write) const {
        over<S>(n_, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            how.store(y_ + i, map_(i, how));
        });
    }
};

// Two results written side by side; one that is not asked for is left as it is made.
template <class One, class Other>
struct Both {
    static constexpr bool one_step = One::one_step;
    static constexpr int rows = One::rows;
    One first;
    Other second;

    SOFTGRAD_INLINE void start(Write how) {
        if (first) first.start(how);
        if (second) second.start(how);
    }
    SOFTGRAD_INLINE void step(Write how) {
        first.step(how);
        second.step(how);
    }
    SOFTGRAD_INLINE void finish(Write how) {
        if (first) first.finish(how);
        if (second) second.finish(how);
    }
};

// The number of a row, or of each of the rows in lanes.
template <class S, class V>
SOFTGRAD_INLINE void store_number(S* y, V v) {
    if constexpr (std::is_arithmetic_v<V>)
        First{1}.store(y, broadcast(v));
    else
        store(y, v);
}
template <class V, class S>
SOFTGRAD_INLINE V number(const S* x) {
    if constexpr (std::is_arithmetic_v<V>)
        return element(x);
    else
        return load(x);
}

// A job's k-th input.
template <class S, class N>
SOFTGRAD_INLINE Rows<S, N> rows_of(const Job& job, int k, N n, std::int64_t last) {
    return {job.input<S>(k), n, last};
}

// Runs row.read(r, meanwhile) for each row; it returns how the row's result is written, which is
// done while the row after it is read.
template <class Row>
SOFTGRAD_ONCE void pipelined(const Row& row, std::int64_t first, std::int64_t last, Write how) {
    typename Row::Writer drain;
    for (std::int64_t r = first; r < last; ++r) {
        const auto next = row.read(r, [&](std::int64_t) SOFTGRAD_BODY { drain.step(how); });
        drain.finish(how);
        drain = next;
        drain.start(how);
    }
    drain.finish(how);
}

// The same some rows at a time: the last of them is written before the next is read.
template <class Row>
void in_portions(const Row& row, std::int64_t first, std::int64_t last, Write how,
                 std::int64_t some) {
    using Writer = typename Row::Writer;
    if constexpr (Writer::one_step)
        for (std::int64_t r = first; r < last; r += Writer::rows)
            row.read(r, Nothing{}).finish(Write::cached);
    else
        for (std::int64_t r = first; r < last; r += some) pipelined(row, r, r + some, how);
    stream_fence();
}

// The result, of which these rows may be a part, has so many bytes.
template <class Row>
void each_row(const Row& row, std::int64_t first, std::int64_t last, std::int64_t result_bytes) {
    in_portions(row, first, last, way_of(result_bytes), last - first);
}

// The same for rows that are read again while they are written, which those of more than `cached`
// bytes must be before the next: it would drive them from the cache.
template <class S, class Row>
void each_row_read_twice(const Row& row, const Job& job, std::int64_t first, std::int64_t last,
                         std::int64_t cached) {
    const std::int64_t bytes = job.n * static_cast<std::int64_t>(sizeof(S));
    const bool alone = bytes > cached;
    in_portions(row, first, last, alone ? Write::streamed : way_of(job.rows * bytes),
                alone ? 1 : last - first);
}

// Scratch rows of n elements and what completes a vector, handed out in turn: two, or of short rows
// a group. Two lie an odd number of half pages apart: at equal offsets in their pages, storing one
// would look to the processor like loading the other.
template <class T, class N = std::int64_t>
class ScratchRows {
    static constexpr int count = is_few<N> ? group : 2;
    T* row_;
    std::int64_t apart_ = lanes<T>;
    int turn_ = 0;

  public:
    explicit ScratchRows(N n) {
        constexpr std::int64_t page = 4096 / sizeof(T);
        if constexpr (!is_few<N>) apart_ = (n + page - 1) / page * page + page / 2;
        row_ = static_cast<T*>(scratch(static_cast<std::size_t>(count * apart_) * sizeof(T)));
    }
    T* of(std::int64_t) { return row_ + apart_ * (turn_ = (turn_ + 1) % count); }
};

// Where the exponentials of rows wait for their sums: of rows in lanes, in the result itself.
template <class T>
struct ResultRows {
    T* y;
    Lanes n;

    T* of(std::int64_t r) const { return y + start_of(r, n); }
};
template <class S, class N>
using WaitingRows =
    std::conditional_t<in_lanes<N>, ResultRows<Compute<S>>, ScratchRows<Compute<S>, N>>;

template <class S, class N>
SOFTGRAD_INLINE WaitingRows<S, N> waiting_rows(N n, [[maybe_unused]] S* y) {
    if constexpr (in_lanes<N>)
        return {y, n};
    else
        return WaitingRows<S, N>(n);
}

template <class T>
SOFTGRAD_INLINE Lanes lanes_of(const Job& job) {
    return {job.n, job.inner, job.inner == lanes<T> ? lanes_apart(job.n) : 1};
}

// Runs body(n) with the length of a job's rows, in a type of its own where they are short or lie in
// lanes.
template <class S, class Body>
SOFTGRAD_INLINE void by_layout(const Job& job, Body body) {
    if constexpr (!is_half<S>)
        if (job.inner > 1) return body(lanes_of<S>(job));
    by_length<Compute<S>>(job.n, body);
}

}  // namespace
}  // namespace softgrad
