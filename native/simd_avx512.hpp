// AVX-512 (F, DQ, BW, VL): sixteen floats or eight doubles, with mask registers.
#pragma once
#include <immintrin.h>

namespace softgrad {
namespace {

using Words = VectorOf<std::uint32_t, lanes<float>>::type;

SOFTGRAD_INLINE __mmask16 first(int k) { return static_cast<__mmask16>((1u << k) - 1); }
SOFTGRAD_INLINE __mmask8 first8(int k) { return static_cast<__mmask8>(first(k)); }

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm512_max_ps(a, b); }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm512_max_pd(a, b); }

SOFTGRAD_INLINE Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
    return _mm512_fmadd_ps(a, b, c);
}
SOFTGRAD_INLINE Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
    return _mm512_fmadd_pd(a, b, c);
}

template <class T>
SOFTGRAD_INLINE int first_true(IntVec<T> mask) {
    const __m512i bits = (__m512i)mask;
    const unsigned set = sizeof(T) == 4 ? _mm512_movepi32_mask(bits) : _mm512_movepi64_mask(bits);
    return __builtin_ctz(set | 1u << lanes<T>);
}

SOFTGRAD_INLINE Vec<float> load_first(const float* p, int k, float fill) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), first(k), p);
}
SOFTGRAD_INLINE Vec<double> load_first(const double* p, int k, double fill) {
    return _mm512_mask_loadu_pd(_mm512_set1_pd(fill), first8(k), p);
}
SOFTGRAD_INLINE Halves load_first(const std::uint16_t* p, int k, std::uint16_t fill) {
    const __m256i rest = _mm256_set1_epi16(static_cast<short>(fill));
    return (Halves)_mm256_mask_loadu_epi16(rest, first(k), p);
}
SOFTGRAD_INLINE void store_first(float* p, int k, Vec<float> v) {
    _mm512_mask_storeu_ps(p, first(k), v);
}
SOFTGRAD_INLINE void store_first(double* p, int k, Vec<double> v) {
    _mm512_mask_storeu_pd(p, first8(k), v);
}
SOFTGRAD_INLINE void store_first(std::uint16_t* p, int k, Halves h) {
    _mm256_mask_storeu_epi16(p, first(k), (__m256i)h);
}

SOFTGRAD_INLINE void widen(Vec<float> v, Vec<double>& low, Vec<double>& high) {
    low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
}

SOFTGRAD_INLINE Halves narrow(Words w) { return (Halves)_mm512_cvtepi32_epi16((__m512i)w); }
SOFTGRAD_INLINE Vec<float> from_float16(Halves h) { return _mm512_cvtph_ps((__m256i)h); }
SOFTGRAD_INLINE Halves to_float16(Vec<float> v) {
    return (Halves)_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
}

SOFTGRAD_INLINE void stream(float* p, Vec<float> v) { _mm512_stream_ps(p, v); }
SOFTGRAD_INLINE void stream(double* p, Vec<double> v) { _mm512_stream_pd(p, v); }
SOFTGRAD_INLINE void stream(std::uint16_t* p, Halves h) {
    _mm256_stream_si256(reinterpret_cast<__m256i*>(p), (__m256i)h);
}
SOFTGRAD_INLINE void stream_fence() { _mm_sfence(); }

}  // namespace
}  // namespace softgrad
