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
#include "drain.hpp"
#include "log.hpp"

namespace softgrad {
namespace {

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
        return decay / fused(sum, sum, (lost + lost) * sum);
    }
    // 2 sigmoid - 1 = tanh(x / 2); 1 - exp(-|x|) is taken from the series where it would cancel.
    SOFTGRAD_INLINE Vec<T> tilt() const {
        const Vec<T> r = distance();
        const Vec<T> near = -fused(r * r, tail<T>(r, r * r), r);
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

// d t; a factor that is 0 or infinite reads nothing.
template <class T>
SOFTGRAD_INLINE Vec<T> scaled(Vec<T> d, Vec<T> t) {
    const IntVec<T> none = (d == 0) | (d == infinity<T>) | (d == -infinity<T>);
    return none ? Vec<T>{} : d * t;
}

template <class S>
struct Scaled {
    using T = Compute<S>;
    const S* d = nullptr;
    const S* t = nullptr;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        return scaled<T>(how.load(d + i), how.load(t + i));
    }
};

// y = map over n elements.
template <class S, class Map>
void each_entry(const Job& job, Map map, S* y, std::int64_t n) {
    const Write how = way_of(job.bytes<S>());
    Drain<S, Map> drain(map, y, n);
    drain.start(how);
    drain.finish(how);
    stream_fence();
}

template <class S>
void diagonal(const Job& job, std::int64_t first, std::int64_t last) {
    each_entry(job, Scaled<S>{job.input<S>(0) + first, job.input<S>(1) + first},
               job.output<S>(0) + first, last - first);
}

// The kernels of a member.
template <class Member>
struct Entrywise {
    template <class S>
    static void value(const Job& job, std::int64_t first, std::int64_t last) {
        each_entry(job, Value<S, Member>{job.input<S>(0) + first}, job.output<S>(0) + first,
                   last - first);
    }

    template <class S>
    static void fields(const Job& job, std::int64_t first, std::int64_t last) {
        using T = Compute<S>;
        const S* x = job.input<S>(0) + first;
        S* out[3];
        for (int k = 0; k < 3; ++k) out[k] = job.output<S>(k) + first;
        over<T>(last - first, Nothing{}, [&](std::int64_t i, auto, auto how) SOFTGRAD_BODY {
            Vec<T> found[3];
            Member::fields(Logistic<T>(how.load(x + i)), found);
            for (int k = 0; k < 3; ++k) how.store(out[k] + i, found[k]);
        });
    }
};

}  // namespace
}  // namespace softgrad
