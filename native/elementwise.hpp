// Maps of single entries; their jobs have rows of one element.
//
//     diagonal            in d, t; out d t, 0 where d is 0 or infinite
//     sigmoid             in x; out y
//     sigmoid_fields      in x; out y, y (1 - y), 2y - 1
//     log_sigmoid         in x; out y
//     log_sigmoid_fields  in x; out y, sigmoid(-x), sigmoid(x)
//     softplus            in x; out y
//     softplus_fields     in x; out y, sigmoid(x), sigmoid(-x)
#pragma once
#include <cmath>

#include "drain.hpp"
#include "exp.hpp"

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

// Domain: 0 <= e <= 1. Error: <= 2 ulp.
template <class T>
SOFTGRAD_INLINE Vec<T> log1p(Vec<T> e) {
    constexpr int n = sizeof(Log1p<T>::tail) / sizeof(T);
    const Vec<T> w = e / (T(1) + T(0.5) * e);  // twice s = e / (2 + e), exact where e is subnormal
    const Vec<T> u = T(0.25) * w * w;
    Vec<T> q = broadcast(Log1p<T>::tail[n - 1]);
    for (int k = n - 2; k >= 0; --k) q = q * u + Log1p<T>::tail[k];
    return w + w * (u * q);
}

// exp(-|x|), and sigmoid at |x| and at -|x|, none of which cancels or overflows.
template <class T>
struct Logistic {
    Vec<T> x, decay, large, small;

    SOFTGRAD_INLINE explicit Logistic(Vec<T> x) : x(x) {
        constexpr T back = sizeof(T) == 4 ? T(0x1p-64) : T(0x1p-512);
        static_assert(Exp<float>::lift == 64 && Exp<double>::lift == 512, "back undoes the lift");
        decay = anchored_exp<T>(distance(), anchor(T(0))) * back;
        large = T(1) / (T(1) + decay);
        small = decay * large;
    }
    SOFTGRAD_INLINE Vec<T> up() const { return x >= 0 ? large : small; }
    SOFTGRAD_INLINE Vec<T> down() const { return x >= 0 ? small : large; }
    // decay / (1 + decay)^2, with what 1 + decay rounded away
    SOFTGRAD_INLINE Vec<T> slope() const {
        const Vec<T> sum = T(1) + decay, lost = (T(1) - sum) + decay;
        return decay / (sum * sum + (lost + lost) * sum);
    }
    // 2 sigmoid - 1 = tanh(x / 2); 1 - exp(-|x|) is taken from the series where it would cancel.
    SOFTGRAD_INLINE Vec<T> tilt() const {
        const Vec<T> r = distance();
        const Vec<T> near = -(r + r * r * tail<T>(r, r * r));
        const Vec<T> size = (r > T(-0.34) ? near : T(1) - decay) * large;
        return x >= 0 ? size : -size;
    }
    SOFTGRAD_INLINE Vec<T> log_up() const { return (x < 0 ? x : Vec<T>{}) - log1p<T>(decay); }
    SOFTGRAD_INLINE Vec<T> cost() const { return (x > 0 ? x : Vec<T>{}) + log1p<T>(decay); }

  private:
    SOFTGRAD_INLINE Vec<T> distance() const { return x < 0 ? x : -x; }
};

struct Sigmoid {
    template <class T>
    static SOFTGRAD_INLINE void fields(const Logistic<T>& at, Vec<T> (&out)[3]) {
        out[0] = at.up();
        out[1] = at.slope();
        out[2] = at.tilt();
    }
};

struct LogSigmoid {
    template <class T>
    static SOFTGRAD_INLINE void fields(const Logistic<T>& at, Vec<T> (&out)[3]) {
        out[0] = at.log_up();
        out[1] = at.down();
        out[2] = at.up();
    }
};

struct Softplus {
    template <class T>
    static SOFTGRAD_INLINE void fields(const Logistic<T>& at, Vec<T> (&out)[3]) {
        out[0] = at.cost();
        out[1] = at.up();
        out[2] = at.down();
    }
};

template <class S, class Member>
struct Value {
    using T = Compute<S>;
    const S* x = nullptr;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        Vec<T> out[3];
        Member::fields(Logistic<T>(how.load(x + i)), out);
        return out[0];
    }
};

template <class S>
struct Scaled {
    using T = Compute<S>;
    const S* d = nullptr;
    const S* t = nullptr;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> by = how.load(d + i);
        const IntVec<T> none = (by == 0) | (by == infinity<T>) | (by == -infinity<T>);
        return none ? Vec<T>{} : by * how.load(t + i);
    }
};

// y = map over elements [first, last).
template <class S, class Map>
void each_entry(const Job& job, Map map, S* y, std::int64_t n) {
    if (job.rows * static_cast<std::int64_t>(sizeof(S)) < streamed_bytes)
        Drain<S, Write::cached, Map>(map, y, n).finish();
    else
        Drain<S, Write::streamed, Map>(map, y, n).finish();
    stream_fence();
}

template <class S, class Member>
void value(const Job& job, std::int64_t first, std::int64_t last) {
    each_entry(job, Value<S, Member>{static_cast<const S*>(job.in[0]) + first},
               static_cast<S*>(job.out[0]) + first, last - first);
}

template <class S, class Member>
void fields(const Job& job, std::int64_t first, std::int64_t last) {
    using T = Compute<S>;
    const auto* x = static_cast<const S*>(job.in[0]) + first;
    S* out[3];
    for (int k = 0; k < 3; ++k) out[k] = static_cast<S*>(job.out[k]) + first;
    over<T>(last - first, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
        Vec<T> found[3];
        Member::fields(Logistic<T>(how.load(x + i)), found);
        for (int k = 0; k < 3; ++k) how.store(out[k] + i, found[k]);
    });
}

template <class S>
void diagonal(const Job& job, std::int64_t first, std::int64_t last) {
    each_entry(job,
               Scaled<S>{static_cast<const S*>(job.in[0]) + first,
                         static_cast<const S*>(job.in[1]) + first},
               static_cast<S*>(job.out[0]) + first, last - first);
}

template <class S>
void sigmoid(const Job& job, std::int64_t first, std::int64_t last) {
    value<S, Sigmoid>(job, first, last);
}
template <class S>
void sigmoid_fields(const Job& job, std::int64_t first, std::int64_t last) {
    fields<S, Sigmoid>(job, first, last);
}
template <class S>
void log_sigmoid(const Job& job, std::int64_t first, std::int64_t last) {
    value<S, LogSigmoid>(job, first, last);
}
template <class S>
void log_sigmoid_fields(const Job& job, std::int64_t first, std::int64_t last) {
    fields<S, LogSigmoid>(job, first, last);
}
template <class S>
void softplus(const Job& job, std::int64_t first, std::int64_t last) {
    value<S, Softplus>(job, first, last);
}
template <class S>
void softplus_fields(const Job& job, std::int64_t first, std::int64_t last) {
    fields<S, Softplus>(job, first, last);
}

}  // namespace
}  // namespace softgrad
