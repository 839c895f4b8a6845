// AVX2, FMA and F16C: eight floats or four doubles, with vector masks.
#pragma once
#include <immintrin.h>

#include "simd_partial.hpp"

namespace softgrad {
namespace {

using Words = VectorOf<std::uint32_t, lanes<float>>::type;

// The first k of eight (four) lanes set: a window that slides over ones followed by zeros.
SOFTGRAD_INLINE __m256i first32(int k) {
    alignas(32) static const std::int32_t edge[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(edge + 8 - k));
}
SOFTGRAD_INLINE __m256i first64(int k) {
    alignas(32) static const std::int64_t edge[8] = {-1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(edge + 4 - k));
}

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm256_max_ps(a, b); }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm256_max_pd(a, b); }

SOFTGRAD_INLINE Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
    return _mm256_fmadd_ps(a, b, c);
}
SOFTGRAD_INLINE Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
    return _mm256_fmadd_pd(a, b, c);
}

template <class T>
SOFTGRAD_INLINE int first_true(IntVec<T> mask) {
    const int set = sizeof(T) == 4 ? _mm256_movemask_ps((__m256)mask)
                                   : _mm256_movemask_pd((__m256d)mask);
    return __builtin_ctz(static_cast<unsigned>(set) | 1u << lanes<T>);
}

// Stores are those of simd_partial.hpp: _mm256_maskstore costs some processors hundreds of cycles.
SOFTGRAD_INLINE Vec<float> load_first(const float* p, int k, float fill) {
    const __m256i mask = first32(k);
    const __m256 v = _mm256_maskload_ps(p, mask);
    return _mm256_blendv_ps(_mm256_set1_ps(fill), v, _mm256_castsi256_ps(mask));
}
SOFTGRAD_INLINE Vec<double> load_first(const double* p, int k, double fill) {
    const __m256i mask = first64(k);
    const __m256d v = _mm256_maskload_pd(p, mask);
    return _mm256_blendv_pd(_mm256_set1_pd(fill), v, _mm256_castsi256_pd(mask));
}

SOFTGRAD_INLINE void widen(Vec<float> v, Vec<double>& low, Vec<double>& high) {
    low = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
    high = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
}

// w < 2^16 in every lane.
SOFTGRAD_INLINE Halves narrow(Words w) {
    const __m256i both = (__m256i)w;
    return (Halves)_mm_packus_epi32(_mm256_castsi256_si128(both),
                                    _mm256_extracti128_si256(both, 1));
}
SOFTGRAD_INLINE Vec<float> from_float16(Halves h) { return _mm256_cvtph_ps((__m128i)h); }
SOFTGRAD_INLINE Halves to_float16(Vec<float> v) {
    return (Halves)_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
}

SOFTGRAD_INLINE void stream(float* p, Vec<float> v) { _mm256_stream_ps(p, v); }
SOFTGRAD_INLINE void stream(double* p, Vec<double> v) { _mm256_stream_pd(p, v); }
SOFTGRAD_INLINE void stream(std::uint16_t* p, Halves h) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(p), (__m128i)h);
}
SOFTGRAD_INLINE void stream_fence() { _mm_sfence(); }

}  // namespace
}  // namespace softgrad
