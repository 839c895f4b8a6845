// Single elements of a row: where the largest is, and one that is an exception to a rule. Of rows
// in lanes there is one in each.
#pragma once
#include "loops.hpp"

namespace softgrad {
namespace {

// Where the first of n elements with a value is; the last place if none has it.
template <class S>
SOFTGRAD_INLINE std::int64_t place_of(Compute<S> value, const S* x, std::int64_t n) {
    using T = Compute<S>;
    constexpr int L = lanes<T>;
    std::int64_t i = 0;
    for (; i + L <= n; i += L)
        if (const int lane = first_true<T>(Whole{}.load(x + i) == value); lane < L) return i + lane;
    if (i == n) return n - 1;
    const int lane = first_true<T>(First{static_cast<int>(n - i)}.load(x + i) == value);
    return lane < n - i ? i + lane : n - 1;
}
template <class S>
SOFTGRAD_INLINE std::int64_t place_of(Compute<S> value, const S* x, Few n) {
    using T = Compute<S>;
    const int lane = first_true<T>(First{n.n}.load(x) == value);
    return lane < n.n ? lane : n.n - 1;
}

// A place in each lane, or in a row.
template <class V>
struct PlaceOf {
    using type = std::int64_t;
};
template <>
struct PlaceOf<Vec<float>> {
    using type = IntVec<float>;
};
template <>
struct PlaceOf<Vec<double>> {
    using type = IntVec<double>;
};
template <class V>
using Place = typename PlaceOf<V>::type;

// Where the first element of a row is that equals its largest, and value(i, how) there.
template <class V>
struct Found {
    Place<V> place;
    V value;
};

template <class S, class N, class Value>
SOFTGRAD_INLINE Found<Compute<S>> first_of(Compute<S> largest, const S* x, N n, Value value) {
    const std::int64_t place = place_of(largest, x, n);
    return {place, value(place, First{1})[0]};
}
template <class T, class Value>
SOFTGRAD_INLINE Found<Vec<T>> first_of(Vec<T> largest, const T* x, Lanes n, Value value) {
    Found<Vec<T>> found{};
    for (std::int64_t i = n.end() - n.step; i >= 0; i -= n.step) {
        const Mask<Vec<T>> here = load(x + i) == largest;
        found.place = here ? IntVec<T>{} + static_cast<typename Bits<T>::Int>(i) : found.place;
        found.value = here ? value(i, Whole{}) : found.value;
    }
    return found;
}

// One element of a row that is not what the rule for all others gives.
template <class V>
struct Exception {
    Place<V> place = Place<V>{} - 1;
    V value{};

    template <class How>
    SOFTGRAD_INLINE auto in(Vec<Scalar<V>> v, std::int64_t i, How) const {
        using T = Scalar<V>;
        if constexpr (!std::is_arithmetic_v<V>) {
            return place == static_cast<typename Bits<T>::Int>(i) ? value : v;
        } else if constexpr (std::is_same_v<How, Whole>) {
            const auto lane = static_cast<std::uint64_t>(place - i);
            if (__builtin_expect(lane < static_cast<std::uint64_t>(lanes<T>), 0))
                v[static_cast<int>(lane)] = value;
            return v;
        } else {
            const auto lane = static_cast<typename Bits<T>::Int>(place - i);
            return positions<T>() == lane ? broadcast(value) : v;
        }
    }
};

}  // namespace
}  // namespace softgrad
