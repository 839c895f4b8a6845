// float16 for targets without its conversions, by integer arithmetic on whole vectors.
#pragma once

namespace softgrad {
namespace {

using Words = VectorOf<std::uint32_t, lanes<float>>::type;

// Exact; the multiplication turns a float16's exponent, subnormal ones included, into a float's.
SOFTGRAD_INLINE Vec<float> from_float16(Halves h) {
    const Words bits = __builtin_convertvector(h, Words);
    const Vec<float> scaled = (Vec<float>)((bits & 0x7fff) << 13) * 0x1p112f;
    const Words special = (Words)((bits & 0x7c00) == 0x7c00) & 0x7f800000;
    return (Vec<float>)((Words)scaled | special | ((bits & 0x8000) << 16));
}

// Rounds to nearest, ties to even.
SOFTGRAD_INLINE Halves to_float16(Vec<float> v) {
    const Words all = (Words)v;
    const Words sign = (all >> 16) & 0x8000, size = all & 0x7fffffff;
    // below 2^-14: adding 1/2 leaves the rounded subnormal in the low bits
    const Words small = (Words)((Vec<float>)size + 0.5f) - 0x3f000000;
    const Words normal = (size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13;
    Words h = (size < 0x38800000) ? small : normal;
    h = (size >= 0x477ff000) ? Words{} + 0x7c00 : h;
    h = (size > 0x7f800000) ? Words{} + 0x7e00 : h;
    return narrow(h | sign);
}

}  // namespace
}  // namespace softgrad
