// SSE: four floats or two doubles.
#pragma once
#include <emmintrin.h>

#include "simd_partial.hpp"

namespace softgrad {
namespace {

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm_max_ps(a, b); }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm_max_pd(a, b); }

SOFTGRAD_INLINE void widen(Vec<float> v, Vec<double>& low, Vec<double>& high) {
    low = _mm_cvtps_pd(v);
    high = _mm_cvtps_pd(_mm_movehl_ps(v, v));
}

SOFTGRAD_INLINE void stream(float* p, Vec<float> v) { _mm_stream_ps(p, v); }
SOFTGRAD_INLINE void stream(double* p, Vec<double> v) { _mm_stream_pd(p, v); }
SOFTGRAD_INLINE void stream_fence() { _mm_sfence(); }

}  // namespace
}  // namespace softgrad
