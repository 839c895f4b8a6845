// Any other processor with 16-byte vectors (NEON, or what the compiler makes of them).
#pragma once
#include "simd_partial.hpp"

namespace softgrad {
namespace {

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return a > b ? a : b; }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return a > b ? a : b; }

SOFTGRAD_INLINE void widen(Vec<float> v, Vec<double>& low, Vec<double>& high) {
    VectorOf<float, lanes<double>>::type part[2];
    std::memcpy(part, &v, sizeof part);
    low = __builtin_convertvector(part[0], Vec<double>);
    high = __builtin_convertvector(part[1], Vec<double>);
}

SOFTGRAD_INLINE void stream(float* p, Vec<float> v) { store(p, v); }
SOFTGRAD_INLINE void stream(double* p, Vec<double> v) { store(p, v); }
SOFTGRAD_INLINE void stream_fence() {}

}  // namespace
}  // namespace softgrad
