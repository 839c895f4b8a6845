// A sum whose error does not grow with the number of terms, and division by it. Callers add two
// vectors at a time in the terms' own precision, which is all that is rounded away.
#pragma once
#include "simd.hpp"

namespace softgrad {
namespace {

// A total of twice the precision of T, and the reciprocal of its leading part.
template <class T>
struct Total {
    T high = 0, low = 0, inverse = 0;

    Total() = default;
    SOFTGRAD_INLINE Total(T high, T low)
        : high(high), low(low), inverse(high == 0 ? T(0) : 1 / high) {}
};

// a / total for V a vector or an element: exactly 1 where they are equal, which a * inverse alone
// is not, and 0 where the total is 0. Error: 0.5 ulp and a little; without FMA up to 1 ulp more.
template <class T, class V>
SOFTGRAD_INLINE V quotient(V a, Total<T> total) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    const V q = a * total.inverse;
    return q + ((a - q * total.high) - q * total.low) * total.inverse;
#else
    return a / (total.high == 0 ? T(1) : total.high);
#endif
}

template <class T>
class Sum;

// Float terms in double lanes. Error: below 2^-23 relative, for terms of one sign.
template <>
class Sum<float> {
    Vec<double> low_{}, high_{};

  public:
    SOFTGRAD_INLINE void add(Vec<float> v) {
        Vec<double> low, high;
        widen(v, low, high);
        low_ += low;
        high_ += high;
    }
    SOFTGRAD_INLINE void scale(double factor) {
        low_ *= factor;
        high_ *= factor;
    }
    SOFTGRAD_INLINE Total<float> total() const {
        const double sum = reduce<double>(low_ + high_, [](auto a, auto b) { return a + b; });
        const float high = static_cast<float>(sum);
        return {high, static_cast<float>(sum - high)};
    }
};

// Double terms, with what each addition rounded away (TwoSum). Error: below 2^-52 relative.
template <>
class Sum<double> {
    Vec<double> sum_{}, lost_{};

    template <class V>
    static SOFTGRAD_INLINE void two_sum(V& sum, V& lost, V v) {
        const V next = sum + v;
        const V taken = next - sum;
        lost += (sum - (next - taken)) + (v - taken);
        sum = next;
    }

  public:
    SOFTGRAD_INLINE void add(Vec<double> v) { two_sum(sum_, lost_, v); }
    SOFTGRAD_INLINE void scale(double factor) {
        sum_ *= factor;
        lost_ *= factor;
    }
    SOFTGRAD_INLINE Total<double> total() const {
        double sum = 0, lost = 0;
        for (int i = 0; i < lanes<double>; ++i) {
            two_sum(sum, lost, sum_[i]);
            lost += lost_[i];
        }
        const double high = sum + lost;
        return {high, lost - (high - sum)};
    }
};

}  // namespace
}  // namespace softgrad
