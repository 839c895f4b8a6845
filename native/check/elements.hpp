// Elements of every precision as doubles, and back, without the code under test.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#include "../kernels.hpp"

namespace softgrad::check {

inline double decoded(Element element, const void* at) {
    if (element == float64_) {
        double value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    std::uint32_t bits = 0;
    std::memcpy(&bits, at, static_cast<std::size_t>(element_bytes[element]));
    if (element == float16_) {
        const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
        double size = exponent == 31  ? (mantissa ? NAN : INFINITY)
                      : exponent == 0 ? std::ldexp(mantissa, -24)
                                      : std::ldexp(mantissa + 1024, exponent - 25);
        return bits >> 15 ? -size : size;
    }
    if (element == bfloat16_) bits <<= 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return static_cast<double>(value);
}

inline std::uint16_t half_bits(double value) {
    const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    if (std::isnan(value)) return 0x7e00;
    const double size = std::fabs(value);
    if (size >= 65520) return sign | 0x7c00;
    int exponent = 0;
    std::frexp(size, &exponent);
    if (exponent < -13) exponent = -13;
    const auto digits = static_cast<int>(std::nearbyint(std::ldexp(size, 11 - exponent)));
    return static_cast<std::uint16_t>(sign | (((exponent + 13) << 10) + digits));
}

inline float narrowed(double value) {
    const double size = std::fabs(value);
    return size > 3.4e38 ? static_cast<float>(std::copysign(INFINITY, value))
                         : static_cast<float>(value);
}

inline void encode(Element element, double value, void* at) {
    if (element == float64_) {
        std::memcpy(at, &value, sizeof value);
    } else if (element == float16_) {
        const std::uint16_t bits = half_bits(value);
        std::memcpy(at, &bits, sizeof bits);
    } else {
        const float single = narrowed(value);
        std::uint32_t bits;
        std::memcpy(&bits, &single, sizeof bits);
        const std::uint16_t high = static_cast<std::uint16_t>(bits >> 16);
        element == bfloat16_ ? std::memcpy(at, &high, sizeof high)
                             : std::memcpy(at, &bits, sizeof bits);
    }
}

}  // namespace softgrad::check
