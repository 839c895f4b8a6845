// Rows that lie in the lanes of vectors, a row in each: those along an axis that is not the last
// one. What there is one of for each row, its maximum or its sum, is then a vector, and no lane
// knows of its neighbours.
#pragma once
#include "sum.hpp"

namespace softgrad {
namespace {

// The length of such rows, whose elements are `step` apart: a loop goes from vector to vector.
// Groups of them that fill a vector lie side by side, where `apart` is 1, or, where `step` is as
// wide as one, one group after the other.
struct Lanes {
    std::int64_t n, step, apart;

    SOFTGRAD_INLINE std::int64_t end() const { return n * step; }
};
// An odd number of vectors: they would drive each other out of the cache a power of two apart.
SOFTGRAD_INLINE std::int64_t lanes_apart(std::int64_t n) { return n | 1; }

template <class N>
constexpr bool in_lanes = std::is_same_v<N, Lanes>;
template <class T, class N>
constexpr int rows_at_once = in_lanes<N> ? lanes<T> : 1;
template <class T, class N>
using PerRow = std::conditional_t<in_lanes<N>, Vec<T>, T>;

// Where the row r begins.
SOFTGRAD_INLINE std::int64_t start_of(std::int64_t r, std::int64_t n) { return r * n; }
SOFTGRAD_INLINE std::int64_t start_of(std::int64_t r, Lanes n) { return r * n.apart; }

// A sum for each row whose length is of type N.
template <class T, class N>
struct RowSum : Sum<T> {
    SOFTGRAD_INLINE Exact<PerRow<T, N>> total() const {
        if constexpr (in_lanes<N>)
            return this->totals();
        else
            return Sum<T>::total();
    }
};

}  // namespace
}  // namespace softgrad
