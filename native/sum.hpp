// Sums whose error does not grow with the number of terms, and division by them. Callers add two
// vectors at a time in the terms' own precision, which is all that is rounded away.
#pragma once
#include "per_row.hpp"

namespace softgrad {
namespace {

// Floats as doubles.
template <class V>
struct Widened {
    Wide<V> value{};

    SOFTGRAD_INLINE Widened& operator+=(Widened other) {
        value += other.value;
        return *this;
    }
    SOFTGRAD_INLINE Widened operator-(Wide<V> other) const { return {value - other}; }
    SOFTGRAD_INLINE void scale(double factor) { value *= factor; }
    SOFTGRAD_INLINE Wide<V> rounded() const { return value; }
    SOFTGRAD_INLINE V high() const { return narrowed<V>(value); }
    SOFTGRAD_INLINE V low() const { return narrowed<V>(value - widened(high())); }
};

// sum + lost is what the additions gave so far, exactly but for the roundings of `lost` itself.
template <class V>
SOFTGRAD_INLINE void two_sum(V& sum, V& lost, V v) {
    const V next = sum + v;
    const V taken = next - sum;
    lost += (sum - (next - taken)) + (v - taken);
    sum = next;
}

// Doubles with what their additions rounded away.
template <class V>
struct Compensated {
    V value{}, lost{};

    SOFTGRAD_INLINE Compensated& operator+=(Compensated other) {
        two_sum(value, lost, other.value);
        lost += other.lost;
        return *this;
    }
    SOFTGRAD_INLINE Compensated operator-(V other) const {
        Compensated result = *this;
        two_sum(result.value, result.lost, -other);
        return result;
    }
    SOFTGRAD_INLINE void scale(double factor) {
        value *= factor;
        lost *= factor;
    }
    // of an infinite value nothing was lost, though the additions say NaN
    SOFTGRAD_INLINE V rounded() const { return lost == lost ? value + lost : value; }
    SOFTGRAD_INLINE V high() const { return rounded(); }
    SOFTGRAD_INLINE V low() const { return lost - (high() - value); }
};

// A number of about twice the precision of V.
template <class V>
using Exact =
    std::conditional_t<std::is_same_v<Scalar<V>, float>, Widened<V>, Compensated<V>>;

// Whether one term of a sum exceeds all others together.
template <class V>
SOFTGRAD_INLINE Mask<V> dominates(V term, Exact<V> total) {
    const Wide<V> wide = widened(term);
    return wide + wide > total.rounded();
}

// a / b without rounding either first. Error: 0.5 ulp and a little.
SOFTGRAD_INLINE double ratio_of(Exact<float> a, Exact<float> b) { return a.value / b.value; }
SOFTGRAD_INLINE double ratio_of(Exact<double> a, Exact<double> b) {
    const double q = a.value / b.value;
    const double rest = __builtin_fma(-q, b.value, a.value);
    const double exact = q + (rest + (a.lost - q * b.lost)) / b.value;
    return exact == exact ? exact : a.rounded() / b.rounded();
}

// A divisor of twice the precision of V, and the reciprocal of its leading part.
template <class V>
struct Total {
    V high{}, low{}, inverse{};

    Total() = default;
    SOFTGRAD_INLINE explicit Total(Exact<V> sum)
        : high(sum.high()), low(sum.low()), inverse(high == 0 ? V{} : (V{} + 1) / high) {}
};

// a / total: exactly 1 where they are equal, which a * inverse alone is not, and 0 where the total
// is 0. Error: 0.5 ulp and a little; without FMA up to 1 ulp more.
template <class V>
SOFTGRAD_INLINE auto quotient(Vec<Scalar<V>> a, Total<V> total) {
#if defined(SOFTGRAD_FMA)
    const auto high = broadcast(total.high), low = broadcast(total.low);
    const auto inverse = broadcast(total.inverse), q = a * inverse;
    const auto over = fused(q, low, fused(q, high, -a));
    return fused(-over, inverse, q);
#else
    return a / (total.high == 0 ? V{} + 1 : total.high);
#endif
}

template <class T>
class Sum;

// Float terms in double lanes. Error: below 2^-23 relative, for terms of one sign.
template <>
class Sum<float> {
    Vec<double> low_{}, high_{};

  public:
    Sum() = default;
    SOFTGRAD_INLINE explicit Sum(Vec<float> v) { widen(v, low_, high_); }
    SOFTGRAD_INLINE void add(Vec<float> v) {
        Vec<double> low, high;
        widen(v, low, high);
        low_ += low;
        high_ += high;
    }
    // A sum for each lane.
    SOFTGRAD_INLINE Exact<Vec<float>> totals() const { return {{low_, high_}}; }
    SOFTGRAD_INLINE Exact<float> total() const {
        return {reduce<double>(low_ + high_, [](auto a, auto b) { return a + b; })};
    }
};

// Double terms, with what each addition rounded away (TwoSum). Error: below 2^-52 relative.
template <>
class Sum<double> {
    Vec<double> sum_{}, lost_{};

    template <int N, class V>
    static SOFTGRAD_INLINE Exact<double> added(V sum, V lost) {
        if constexpr (N == 2) {
            Exact<double> total{sum[0], lost[0]};
            return total += {sum[1], lost[1]};
        } else {
            using Half = typename VectorOf<double, N / 2>::type;
            Half sums[2], rests[2];
            std::memcpy(sums, &sum, sizeof sums);
            std::memcpy(rests, &lost, sizeof rests);
            rests[0] += rests[1];
            two_sum(sums[0], rests[0], sums[1]);
            return added<N / 2>(sums[0], rests[0]);
        }
    }

  public:
    Sum() = default;
    SOFTGRAD_INLINE explicit Sum(Vec<double> v) : sum_(v) {}
    SOFTGRAD_INLINE void add(Vec<double> v) { two_sum(sum_, lost_, v); }
    SOFTGRAD_INLINE Exact<Vec<double>> totals() const { return {sum_, lost_}; }
    SOFTGRAD_INLINE Exact<double> total() const {
        return added<lanes<double>>(sum_, lost_);
    }
};

}  // namespace
}  // namespace softgrad
