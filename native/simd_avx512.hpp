// AVX-512F: sixteen floats or eight doubles, with mask registers.
#pragma once
#include <immintrin.h>

namespace softgrad {
namespace {

SOFTGRAD_INLINE __mmask16 first(int k) { return static_cast<__mmask16>((1u << k) - 1); }

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm512_max_ps(a, b); }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm512_max_pd(a, b); }

SOFTGRAD_INLINE Vec<float> load_first(const float* p, int k, float fill) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), first(k), p);
}
SOFTGRAD_INLINE Vec<double> load_first(const double* p, int k, double fill) {
    return _mm512_mask_loadu_pd(_mm512_set1_pd(fill), static_cast<__mmask8>(first(k)), p);
}

SOFTGRAD_INLINE void widen(Vec<float> v, Vec<double>& low, Vec<double>& high) {
    low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
}

SOFTGRAD_INLINE void stream(float* p, Vec<float> v) { _mm512_stream_ps(p, v); }
SOFTGRAD_INLINE void stream(double* p, Vec<double> v) { _mm512_stream_pd(p, v); }
SOFTGRAD_INLINE void stream_fence() { _mm_sfence(); }

}  // namespace
}  // namespace softgrad
