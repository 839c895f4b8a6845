// Any other processor with 16-byte vectors (NEON, or what the compiler makes of them).
#pragma once
#if defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "simd_partial.hpp"

namespace softgrad {
namespace {

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return a > b ? a : b; }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return a > b ? a : b; }

SOFTGRAD_INLINE Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
#if defined(__ARM_NEON) && defined(SOFTGRAD_FMA)
    return (Vec<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}
SOFTGRAD_INLINE Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
#if defined(__ARM_NEON) && defined(SOFTGRAD_FMA)
    return (Vec<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
    return a * b + c;
#endif
}

template <class T>
SOFTGRAD_INLINE int first_true(IntVec<T> mask) {
    int lane = 0;
    while (lane < lanes<T> && mask[lane] == 0) ++lane;
    return lane;
}

SOFTGRAD_INLINE void widen(Vec<float> v, Vec<double>& low, Vec<double>& high) {
    VectorOf<float, lanes<double>>::type part[2];
    std::memcpy(part, &v, sizeof part);
    low = __builtin_convertvector(part[0], Vec<double>);
    high = __builtin_convertvector(part[1], Vec<double>);
}

SOFTGRAD_INLINE Halves narrow(VectorOf<std::uint32_t, lanes<float>>::type w) {
    return __builtin_convertvector(w, Halves);
}

template <class E, class V>
SOFTGRAD_INLINE void stream(E* p, V v) {
    std::memcpy(p, &v, sizeof v);
}
SOFTGRAD_INLINE void stream_fence() {}

}  // namespace
}  // namespace softgrad

#include "simd_half.hpp"
