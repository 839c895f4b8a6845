// log(1 + e), of vectors and of one number per row.
#pragma once
#include <cmath>

#include "exp.hpp"
#include "sum.hpp"

namespace softgrad {
namespace {

// (atanh(s) / s - 1) / s^2 in s^2, on s^2 <= 1/9: log(1 + w) to 2^-30 and 2^-59.
template <class T>
struct Log1p;

template <>
struct Log1p<float> {
    static constexpr float tail[] = {0x1.555556p-2f, 0x1.9998d4p-3f, 0x1.24c926p-3f, 0x1.bc8cf8p-4f,
                                     0x1.dba266p-4f};
};

template <>
struct Log1p<double> {
    static constexpr double tail[] = {
        0x1.5555555555555p-2, 0x1.9999999999944p-3, 0x1.2492492499d46p-3, 0x1.c71c71bedea50p-4,
        0x1.745d19937c37fp-4, 0x1.3b13515f481d9p-4, 0x1.111abdcc0bc30p-4, 0x1.e0a2d526b5aa6p-5,
        0x1.bc37f2f621e22p-5, 0x1.32e0c573ae320p-5, 0x1.401d4aa549388p-4};
};

// The tail at s^2, to the precision of T, in V: numbers or vectors.
template <class T, class V>
SOFTGRAD_INLINE V log1p_tail(V square) {
    constexpr int n = sizeof(Log1p<T>::tail) / sizeof(T);
    V q = V{} + Log1p<T>::tail[n - 1];
    for (int k = n - 2; k >= 0; --k) q = fused(q, square, V{} + Log1p<T>::tail[k]);
    return q;
}

// The bits of a double, or of each of a vector, and back.
SOFTGRAD_INLINE std::uint64_t bits_of(double v) {
    std::uint64_t bits;
    std::memcpy(&bits, &v, sizeof bits);
    return bits;
}
SOFTGRAD_INLINE auto bits_of(Vec<double> v) {
    return (VectorOf<std::uint64_t, lanes<double>>::type)v;
}
template <class V, class Bits>
SOFTGRAD_INLINE V from_bits(V v, Bits bits) {
    std::memcpy(&v, &bits, sizeof v);
    return v;
}

// Domain: 0 <= e <= 1. Error: <= 2 ulp.
template <class T>
SOFTGRAD_INLINE Vec<T> log1p(Vec<T> e) {
    // twice s = e / (2 + e), exact where e is subnormal
    const Vec<T> w = e / fused(broadcast(T(0.5)), e, broadcast(T(1)));
    const Vec<T> square = T(0.25) * w * w;
    return fused(w, square * log1p_tail<T>(square), w);
}

// Domain: 0 <= z < 2^1000; NaN stays NaN. V: a double or a vector of them. Error: <= 1 ulp for T
// double, 2^-30 relative for T float.
template <class T, class V>
SOFTGRAD_INLINE V log1p_of(V z) {
    using E = Exp<double>;
    using Bits = decltype(bits_of(z));
    V sum = V{} + 1, lost{};
    two_sum(sum, lost, z);
    const Bits k = (bits_of(sum) - 0x3fe6a09e667f3bcd) >> 52;  // sum 2^-k in [1/sqrt 2, sqrt 2)
    const V scale = from_bits(V{}, (1023 - k) << 52);
    const V exponent = from_bits(V{}, k + 0x4330000000000000) - 0x1p52;
    const V m = sum * scale, f = m - 1, s = f / (m + 1);
    const V square = s * s, half = 0.5 * f * f;
    const V left = lost * scale * fused(f, f - 1, V{} + 1);  // over m, nearly
    const V low = fused(exponent, V{} + E::ln2_low, left);
    const V rest = fused(s, half + 2 * square * log1p_tail<T>(square), low);
    return fused(exponent, V{} + E::ln2_high, f - (half - rest));
}

template <class T>
SOFTGRAD_INLINE Doubles log1p_of(Doubles z) {
    return {log1p_of<T>(z.low), log1p_of<T>(z.high)};
}

}  // namespace
}  // namespace softgrad
