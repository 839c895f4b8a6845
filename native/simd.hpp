// Vectors of the target being compiled, on GCC/Clang vector extensions. What these extensions
// cannot say (masks, half precision, streaming stores) comes from one small header per instruction
// set.
//
// Everything here lives in an unnamed namespace: the same source is compiled once per target, and a
// shared inline function would let the linker keep the AVX-512 copy for every processor.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#define SOFTGRAD_INLINE inline __attribute__((always_inline))
// A lambda whose body must not become a call: loops hand it vectors.
#define SOFTGRAD_BODY __attribute__((always_inline))
// What is long, and called once per row at most: one copy serves every kernel.
#define SOFTGRAD_ONCE __attribute__((noinline))

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define SOFTGRAD_FMA
#endif

#if defined(__AVX512F__)
#define SOFTGRAD_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define SOFTGRAD_VECTOR_BYTES 32
#else
#define SOFTGRAD_VECTOR_BYTES 16
#endif

namespace softgrad {

// Elements that are stored in 16 bits and computed with as floats.
struct bfloat16 {
    std::uint16_t bits;
};
struct float16 {
    std::uint16_t bits;
};

namespace {

template <class S>
constexpr bool is_half = sizeof(S) == 2;
template <class S>
using Compute = std::conditional_t<is_half<S>, float, S>;

template <class T, int N>
struct VectorOf {
    typedef T type __attribute__((vector_size(N * sizeof(T))));
};

template <class T>
struct Bits;
template <>
struct Bits<float> {
    using Int = std::int32_t;
    static constexpr int mantissa = 23;
};
template <>
struct Bits<double> {
    using Int = std::int64_t;
    static constexpr int mantissa = 52;
};

template <class T>
constexpr int lanes = SOFTGRAD_VECTOR_BYTES / sizeof(T);
template <class T>
using Vec = typename VectorOf<T, lanes<T>>::type;
template <class T>
using IntVec = typename VectorOf<typename Bits<T>::Int, lanes<T>>::type;
using Halves = VectorOf<std::uint16_t, lanes<float>>::type;

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
SOFTGRAD_INLINE auto broadcast(T value) -> Vec<T> {
    return value - Vec<T>{};
}
// Of what is a vector already.
SOFTGRAD_INLINE Vec<float> broadcast(Vec<float> value) { return value; }
SOFTGRAD_INLINE Vec<double> broadcast(Vec<double> value) { return value; }

// The number of each lane.
template <class T>
SOFTGRAD_INLINE IntVec<T> positions() {
    IntVec<T> found{};
    for (int i = 0; i < lanes<T>; ++i) found[i] = i;
    return found;
}

// op over all lanes, halving the vector until two are left.
template <class T, int N = lanes<T>, class Op>
SOFTGRAD_INLINE T reduce(typename VectorOf<T, N>::type v, Op op) {
    if constexpr (N == 2) {
        return op(v[0], v[1]);
    } else {
        typename VectorOf<T, N / 2>::type half[2];
        std::memcpy(half, &v, sizeof half);
        return reduce<T, N / 2>(op(half[0], half[1]), op);
    }
}

// a b + c, rounded once where the processor can. Compilers are told not to do so by themselves:
// they would in one loop and not in another, and results would depend on how they are written.
SOFTGRAD_INLINE float fused(float a, float b, float c) {
#if defined(SOFTGRAD_FMA)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}
SOFTGRAD_INLINE double fused(double a, double b, double c) {
#if defined(SOFTGRAD_FMA)
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

}  // namespace
}  // namespace softgrad

// Each of these defines, for float and double:
//   maximum(a, b)             lane by lane; b where a is NaN
//   fused(a, b, c)            lane by lane, as above
//   first_true<T>(mask)       the number of the first lane that is set; `lanes` if none is
//   load_first(p, k, fill)    k <= lanes elements, the other lanes `fill`; reads nothing past p + k
//   store_first(p, k, v)      the first k <= lanes elements; writes nothing past p + k
//   widen(v, low, high)       the two halves of a float vector as double vectors
//   stream(p, v)              store around the cache, p aligned to the vector
//   stream_fence()            orders streamed stores before what follows
// and for `Halves`, the bits of as many 16-bit elements as a vector has floats:
//   narrow(v)                 the low halves of 32-bit lanes
//   from_float16(h), to_float16(v)
//   load_first, store_first and stream, as above
#if defined(__AVX512F__)
#include "simd_avx512.hpp"
#elif defined(__AVX2__)
#include "simd_avx2.hpp"
#elif defined(__SSE2__)
#include "simd_sse.hpp"
#else
#include "simd_plain.hpp"
#endif
