// Any other processor with 16-byte vectors (NEON, or what the compiler makes of them).
#pragma once
#include "simd_partial.hpp"

namespace softgrad {
namespace {

SOFTGRAD_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return a > b ? a : b; }
SOFTGRAD_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return a > b ? a : b; }

template <class E>
SOFTGRAD_INLINE auto load_first(const E* p, int k, E fill) {
    using V = std::conditional_t<sizeof(E) == 2, Halves, Vec<Compute<E>>>;
    return first_of(p, k, V{} + fill);
}
template <class E, class V>
SOFTGRAD_INLINE void store_first(E* p, int k, V v) {
    put_first(p, k, v);
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
