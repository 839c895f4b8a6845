// SSE4.2: four floats or two doubles.
#pragma once
#include <smmintrin.h>

#include "simd_partial.hpp"

namespace softgrad {
namespace {

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm_max_ps(a, b); }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm_max_pd(a, b); }

SOFTGRAD_INLINE Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) { return a * b + c; }
SOFTGRAD_INLINE Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) { return a * b + c; }

template <class T>
SOFTGRAD_INLINE int first_true(IntVec<T> mask) {
    const int set = sizeof(T) == 4 ? _mm_movemask_ps((__m128)mask) : _mm_movemask_pd((__m128d)mask);
    return __builtin_ctz(static_cast<unsigned>(set) | 1u << lanes<T>);
}

SOFTGRAD_INLINE void widen(Vec<float> v, Vec<double>& low, Vec<double>& high) {
    low = _mm_cvtps_pd(v);
    high = _mm_cvtps_pd(_mm_movehl_ps(v, v));
}

// w < 2^16 in every lane.
SOFTGRAD_INLINE Halves narrow(VectorOf<std::uint32_t, 4>::type w) {
    const __m128i packed = _mm_packus_epi32((__m128i)w, (__m128i)w);
    Halves h;
    std::memcpy(&h, &packed, sizeof h);
    return h;
}

SOFTGRAD_INLINE void stream(float* p, Vec<float> v) { _mm_stream_ps(p, v); }
SOFTGRAD_INLINE void stream(double* p, Vec<double> v) { _mm_stream_pd(p, v); }
SOFTGRAD_INLINE void stream(std::uint16_t* p, Halves h) { std::memcpy(p, &h, sizeof h); }
SOFTGRAD_INLINE void stream_fence() { _mm_sfence(); }

}  // namespace
}  // namespace softgrad

#include "simd_half.hpp"
