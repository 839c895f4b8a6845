// What there is one of for each row: of a row a number, of rows that lie in the lanes of vectors a
// vector. Formulas of either are written once, in V.
#pragma once
#include <utility>

#include "simd.hpp"

namespace softgrad {
namespace {

template <class V>
struct ScalarOf {
    using type = V;
};
template <>
struct ScalarOf<Vec<float>> {
    using type = float;
};
template <>
struct ScalarOf<Vec<double>> {
    using type = double;
};
template <class V>
using Scalar = typename ScalarOf<V>::type;

// -- whether something is so ----------------------------------------------------------------------

template <class V>
using Mask = decltype(V{} == V{});

template <class M>
SOFTGRAD_INLINE bool any(M mask) {
    if constexpr (std::is_same_v<M, bool>) {
        return mask;
    } else {
        using T = std::conditional_t<sizeof mask[0] == sizeof(float), float, double>;
        return first_true<T>(mask) < lanes<T>;
    }
}

template <class M, class A>
SOFTGRAD_INLINE A choose(M mask, A yes, A no) {
    return mask ? yes : no;
}

// -- the same in doubles --------------------------------------------------------------------------

template <class E>
using HalfOf = typename VectorOf<E, lanes<double>>::type;

template <class E, int... lane>
SOFTGRAD_INLINE auto halves_joined(HalfOf<E> low, HalfOf<E> high,
                                   std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(low, high, lane...);
}
template <class E, class V>
SOFTGRAD_INLINE auto joined_as(V low, V high) {
    return halves_joined<E>(__builtin_convertvector(low, HalfOf<E>),
                            __builtin_convertvector(high, HalfOf<E>),
                            std::make_integer_sequence<int, lanes<float>>{});
}

// Those of a vector of floats.
struct Doubles {
    Vec<double> low, high;

    SOFTGRAD_INLINE Doubles& operator+=(Doubles b) { return *this = *this + b; }
    friend SOFTGRAD_INLINE Doubles operator+(Doubles a, Doubles b) {
        return {a.low + b.low, a.high + b.high};
    }
    friend SOFTGRAD_INLINE Doubles operator-(Doubles a, Doubles b) {
        return {a.low - b.low, a.high - b.high};
    }
    friend SOFTGRAD_INLINE Doubles operator*(Doubles a, Doubles b) {
        return {a.low * b.low, a.high * b.high};
    }
    friend SOFTGRAD_INLINE Doubles operator/(Doubles a, Doubles b) {
        return {a.low / b.low, a.high / b.high};
    }
    friend SOFTGRAD_INLINE IntVec<float> operator>(Doubles a, Doubles b) {
        return joined_as<std::int32_t>(a.low > b.low, a.high > b.high);
    }
};

SOFTGRAD_INLINE Doubles choose(IntVec<float> mask, Doubles yes, Doubles no) {
    HalfOf<std::int32_t> half[2];
    std::memcpy(half, &mask, sizeof mask);
    return {choose(__builtin_convertvector(half[0], IntVec<double>), yes.low, no.low),
            choose(__builtin_convertvector(half[1], IntVec<double>), yes.high, no.high)};
}

template <class V>
using Wide = std::conditional_t<
    std::is_arithmetic_v<V>, double,
    std::conditional_t<std::is_same_v<V, Vec<float>>, Doubles, Vec<double>>>;

SOFTGRAD_INLINE double widened(float v) { return v; }
SOFTGRAD_INLINE double widened(double v) { return v; }
SOFTGRAD_INLINE Vec<double> widened(Vec<double> v) { return v; }
SOFTGRAD_INLINE Doubles widened(Vec<float> v) {
    Doubles wide;
    widen(v, wide.low, wide.high);
    return wide;
}

template <class V>
SOFTGRAD_INLINE V narrowed(Wide<V> wide) {
    if constexpr (std::is_same_v<V, Vec<float>>)
        return joined_as<float>(wide.low, wide.high);
    else
        return static_cast<V>(wide);
}

}  // namespace
}  // namespace softgrad
