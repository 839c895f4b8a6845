// Rows of a job along an axis that is not the last one, taken some at a time.
#pragma once
#include <algorithm>

#include "drain.hpp"

namespace softgrad {
namespace {

constexpr std::int64_t strided_bytes = 2 << 20;  // results from here on go around the cache

// Rows [first, last) of a job, some of which may lie at one outer index and some at the next.
struct Group {
    std::int64_t n, inner, first, last;

    std::int64_t count() const { return last - first; }
    // body(where in the array, after how many rows of the group, how many) for rows that lie side
    // by side
    template <class Body>
    void each_strip(Body body) const {
        for (std::int64_t r = first; r < last;) {
            const std::int64_t column = r % inner, some = std::min(inner - column, last - r);
            body((r - column) * n + column, r - first, some);
            r += some;
        }
    }
};

// Runs body(group) for rows [first, last), at most so many at once: up to the end of an outer index
// or of a line of so many elements.
template <class Body>
void each_group(const Job& job, std::int64_t first, std::int64_t last, std::int64_t at_once,
                std::int64_t line, Body body) {
    const auto end_of = [&](std::int64_t r) {
        const std::int64_t most = r + at_once, whole = most / job.inner * job.inner;
        if (most >= last) return last;
        if (whole > r) return whole;
        const std::int64_t aligned = most - (most - whole) % line;
        return aligned > r ? aligned : most;
    };
    for (std::int64_t r = first; r < last;) {
        const std::int64_t end = end_of(r);
        body(Group{job.n, job.inner, r, end});
        r = end;
    }
}

// Copies a row around the cache, but for its ends that are less than a vector.
SOFTGRAD_INLINE void stream_bytes(char* to, const char* from, std::int64_t bytes) {
    constexpr std::int64_t vector = SOFTGRAD_VECTOR_BYTES;
    const auto past = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(to) % vector);
    std::int64_t i = past == 0 ? 0 : std::min(vector - past, bytes);
    if (i != 0) std::memcpy(to, from, static_cast<std::size_t>(i));
    for (; i + vector <= bytes; i += vector) {
        Vec<float> v;
        std::memcpy(&v, from + i, sizeof v);
        stream(reinterpret_cast<float*>(to + i), v);
    }
    if (i < bytes) std::memcpy(to + i, from + i, static_cast<std::size_t>(bytes - i));
}

// How much scratch memory an array of so many bytes gets, of several one after another: whole pages
// and a half, for the reason ScratchRows gives.
inline std::int64_t slot_of(std::int64_t bytes) {
    constexpr std::int64_t page = 4096;
    return (bytes + page - 1) / page * page + page / 2;
}

// How many rows, of so many bytes in all arrays together, are taken at once: as many bytes as are
// wanted and the second cache holds; of long rows as many as share a page's lines, until that would
// be a copy of the arrays.
inline std::int64_t rows_of_group(const Job& job, std::int64_t row_bytes, std::int64_t wanted,
                                  std::int64_t line) {
    const std::int64_t best = std::clamp<std::int64_t>(wanted, 1 << 18, 1 << 20);
    const std::int64_t most = std::max<std::int64_t>({(1 << 27) / row_bytes, job.rows / 4, 1});
    return std::min({std::max(best / row_bytes / line, std::int64_t(2)) * line, most, job.rows});
}

}  // namespace
}  // namespace softgrad
