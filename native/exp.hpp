// The exponential of a row, anchored by a power of two instead of by subtracting the maximum:
//
//     anchored(x) = exp(x) * 2^(lift - M),    M = round(max * log2 e)
//
// x - max is rounded before it is exponentiated, which alone costs up to |x|/2 ulp; a power of two
// costs nothing. The row's sum carries the same factor, which cancels in the quotient.
#pragma once
#include <cmath>
#include <limits>

#include "per_row.hpp"

namespace softgrad {
namespace {

template <class T>
struct Exp;

template <>
struct Exp<float> {
    static constexpr int lift = 64;          // keeps exp(max - reach) * 2^lift above the subnormals
    static constexpr float reach = 105;      // exp(-reach) < half the smallest subnormal
    static constexpr float near = 256;       // larger maxima are subtracted, exactly (see anchor)
    static constexpr float log2e = 0x1.715476p+0f;
    static constexpr float ln2_high = 0x1.62e000p-1f;  // 12 bits: n * ln2_high is exact
    static constexpr float ln2_low = 0x1.0bfbe8p-15f;
    static constexpr float rounder = 0x1.8p23f;        // adding it rounds to an integer
    // (exp(r) - 1 - r) / r^2, minimax on |r| <= ln2 / 2, relative error of exp below 2^-28
    static constexpr float tail[] = {0x1.fffffcp-2f, 0x1.555418p-3f, 0x1.555826p-5f,
                                     0x1.126830p-7f, 0x1.6ae68cp-10f};
};

template <>
struct Exp<double> {
    static constexpr int lift = 512;
    static constexpr double reach = 747;
    static constexpr double near = 1536;
    static constexpr double log2e = 0x1.71547652b82fep+0;
    static constexpr double ln2_high = 0x1.62e42fefa2000p-1;  // 40 bits
    static constexpr double ln2_low = 0x1.9ef35793c7673p-41;
    static constexpr double rounder = 0x1.8p52;
    static constexpr double tail[] = {0.5000000000000011,      0.1666666666666641,
                                      0.04166666666652917,     0.008333333333495625,
                                      0.0013888888943926318,   0.00019841269504775923,
                                      2.4801492759235798e-05,  2.7557587323885765e-06,
                                      2.7630379811209726e-07,  2.4999973143768487e-08};
};

template <class V>
struct Anchor {
    V shift;  // subtracted from x: 0 unless the maximum is large
    V dead;   // below it, after the shift, the result is exactly 0
    V magic;  // rounds x * log2e to an integer n, leaving n + lift - M in the low bits
};

// Domain: any maximum. x - shift is exact for every live x because the two are within a factor of
// two (Sterbenz): beyond `near` the shift is the maximum, or an earlier one at most near / 2 below.
// -inf (a row of -inf and NaN) anchors at 0; +inf puts NaN in its own lane, hence in the sum.
template <class V>
SOFTGRAD_INLINE Anchor<V> anchor(V maximum, V earlier) {
    using E = Exp<Scalar<V>>;
    maximum = maximum == -infinity<Scalar<V>> ? V{} : maximum;
    const Mask<V> near = (maximum <= E::near) & (maximum >= -E::near);
    const Mask<V> keep = maximum - earlier <= E::near / 2;
    const V shift = near ? V{} : keep ? earlier : maximum;
    const V rest = maximum == shift ? V{} : maximum - shift;
    const V rounded = fused(rest, V{} + E::log2e, V{} + E::rounder);  // M + rounder, exactly
    return {shift, rest - E::reach, (2 * E::rounder + E::lift) - rounded};
}

template <class V>
SOFTGRAD_INLINE Anchor<V> anchor(V maximum) {
    return anchor(maximum, maximum);
}

// What turns a sum anchored at `from` into one at the higher `to`: an exact power of two while the
// shift stays, within 2 ulp when it moves. It moves only after the maximum has risen by near / 2,
// when nothing is left of what an earlier move rounded.
template <class T>
SOFTGRAD_INLINE double ratio(Anchor<T> from, Anchor<T> to) {
    using E = Exp<double>;
    const double moved = static_cast<double>(from.shift) - to.shift;
    if (!(moved > -1e5)) return 0;
    const double n = std::nearbyint(moved * E::log2e);
    const double r = (moved - n * E::ln2_high) - n * E::ln2_low;
    return std::ldexp(std::exp(r), static_cast<int>((to.magic - from.magic) + n));
}

// (exp(r) - 1 - r) / r^2 by even and odd coefficients, two short chains instead of one long one.
template <class T>
SOFTGRAD_INLINE Vec<T> tail(Vec<T> r, Vec<T> r2) {
    constexpr int n = sizeof(Exp<T>::tail) / sizeof(T);
    constexpr const T* c = Exp<T>::tail;
    const auto pair = [&](int k) SOFTGRAD_BODY {
        return fused(broadcast(c[k]), r, broadcast(c[k - 1]));
    };
    Vec<T> q = n % 2 ? broadcast(c[n - 1]) : pair(n - 1);
    for (int k = n - 2 - (n + 1) % 2; k > 0; k -= 2) q = fused(q, r2, pair(k));
    return q;
}

// Lanes: float, double. Error: <= 1.2 ulp (measured). Range: every x up to the anchor's
// maximum; 0 below `dead` and at -inf, NaN at NaN.
template <class T, class V>
SOFTGRAD_INLINE Vec<T> anchored_exp(Vec<T> x, Anchor<V> a) {
    // unsigned: lanes that are not live wrap
    using Unsigned = typename VectorOf<std::make_unsigned_t<typename Bits<T>::Int>, lanes<T>>::type;
    x = x - a.shift;
    const IntVec<T> live = x >= a.dead;
    const Vec<T> t = fused(x, broadcast(Exp<T>::log2e), broadcast(a.magic));
    const Vec<T> n = t - a.magic;
    const Vec<T> near = fused(n, broadcast(-Exp<T>::ln2_high), x);
    const Vec<T> r = fused(n, broadcast(-Exp<T>::ln2_low), near);
    const Vec<T> r2 = r * r;
    const Vec<T> e = fused(r2, tail<T>(r, r2), r) + T(1);
    const Unsigned scaled = (Unsigned)e + ((Unsigned)t << Bits<T>::mantissa);
    // the low bits of a NaN are anything, and would be added to its exponent
    return live ? (Vec<T>)scaled : (x < a.dead) ? Vec<T>{} : x;
}

}  // namespace
}  // namespace softgrad
