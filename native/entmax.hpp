// Sparse softmaxes of contiguous rows: p_i = [q + (x_i - max) / power]_+^power, whose one unknown q
// makes the row sum to 1.
//
//     sparsemax         in x; out p          power 1
//     sparsemax_fields  in x; out p, s       s = 1 on the support
//     entmax15          in x; out p          power 2
//     entmax15_fields   in x; out p, s       s = sqrt p
//
// The q of some of the entries is an upper bound. That of the largest in each lane, which reading
// the maximum leaves behind, is a close one, and few entries are above the threshold it makes. They
// are copied out, and Newton's method descends to q among them, for the sum is convex in q. All of
// this is done in double, since q may be much smaller than the rounding of x - max.
//
// Special rows: -inf is outside the support, a row of -inf is 0, NaN and +inf make the row NaN.
#pragma once
#include <cmath>
#include <memory>

#include "normaliser.hpp"

namespace softgrad {
namespace {

// What the entries of a row above its threshold are made of.
template <class T>
struct Threshold {
    double top = 0, q = 0;
    T low = infinity<T>;  // nothing at or below it is in the support
    T otherwise = 0;      // what an entry outside the support is
};

// A number of precision T just below a double.
template <class T>
SOFTGRAD_INLINE T below(double value) {
    return std::nextafter(static_cast<T>(value), -infinity<T>);
}

// f(v) for the base v of each entry's power, 0 outside the support.
template <class T, class F>
SOFTGRAD_INLINE Vec<T> of_bases(Vec<T> x, const Threshold<T>& at, double per, F f) {
    const auto base = [&](Vec<double> wide) SOFTGRAD_BODY {
        const Vec<double> v = fused(wide - at.top, broadcast(per), broadcast(at.q));
        return v > 0 ? f(v) : Vec<double>{};
    };
    const auto wide = widened(x);
    if constexpr (sizeof(T) == sizeof(double))
        return base(wide);
    else
        return narrowed<Vec<T>>({base(wide.low), base(wide.high)});
}

template <int power>
SOFTGRAD_INLINE Vec<double> raised(Vec<double> v) {
    if constexpr (power == 0) return Vec<double>{} + 1;
    else if constexpr (power == 1) return v;
    else return v * v;
}

// base^shown where the power is `power`: p itself or its slope s = base^(power - 1).
template <class S, int power, int shown>
struct Supported {
    using T = Compute<S>;
    const S* x = nullptr;
    Threshold<T> at;

    template <class How>
    SOFTGRAD_INLINE Vec<T> operator()(std::int64_t i, How how) const {
        const Vec<T> v = how.load(x + i, -infinity<T>);
        if (!any(v > at.low)) return broadcast(at.otherwise);
        return of_bases<T>(v, at, 1.0 / power, [](Vec<double> u) SOFTGRAD_BODY {
            return raised<shown>(u);
        });
    }
};

// Newton's step from q towards where the powers of u + q sum to 1, in plain or compensated sums.
template <int power, class Adder>
SOFTGRAD_INLINE double step_from(double q, const double* u, std::int64_t n) {
    Adder sum[2], slope[2];
    over<double>(n, Nothing{}, [&](std::int64_t i, auto unit, auto how) SOFTGRAD_BODY {
        const Vec<double> v = how.load(u + i, -infinity<double>) + q, zero{};
        sum[unit % 2].add(v > 0 ? raised<power>(v) : zero);
        slope[unit % 2].add(v > 0 ? raised<power - 1>(v) : zero);
    });
    Exact<double> total = sum[0].total(), rate = slope[0].total();
    total += sum[1].total();
    rate += slope[1].total();
    return (total - 1.0).rounded() / (power * rate.rounded());
}

struct PlainSum {
    Vec<double> sum{};

    SOFTGRAD_INLINE void add(Vec<double> v) { sum += v; }
    SOFTGRAD_INLINE Exact<double> total() const {
        return {reduce<double>(sum, [](auto a, auto b) { return a + b; }), 0};
    }
};

// Descends from an upper bound q. Error: what plain sums of the powers make of it.
template <int power>
double root(double q, const double* u, std::int64_t n) {
    for (int steps = 0; steps < 100; ++steps) {
        const double step = step_from<power, PlainSum>(q, u, n);
        q -= step;
        if (!(std::fabs(step) > 0x1p-27 * q)) break;  // the next would be its square
    }
    return q;
}

// The entries that may have a positive base, as (x - top) / power; u has room for all.
template <int power, class S>
SOFTGRAD_INLINE std::int64_t candidates(const S* x, std::int64_t n, double top, double q,
                                        double* u) {
    using T = Compute<S>;
    constexpr int L = lanes<T>;
    const T low = below<T>(top - power * q);
    std::int64_t count = 0;
    const auto take = [&](Vec<T> v) SOFTGRAD_BODY {
        if (!any(v > low)) return;
        for (int lane = 0; lane < L; ++lane) {
            u[count] = (static_cast<double>(v[lane]) - top) / power;
            count += v[lane] > low;
        }
    };
    std::int64_t i = 0;
    while (i + L <= n) {
        if (i + 4 * L <= n) {
            Vec<T> v[4];
            for (int k = 0; k < 4; ++k) v[k] = load(x + i + k * L);
            if (!any(maximum(maximum(v[0], v[1]), maximum(v[2], v[3])) > low)) {
                i += 4 * L;
                continue;
            }
        }
        take(load(x + i));
        i += L;
    }
    if (i < n) take(First{static_cast<int>(n - i)}.load(x + i, -infinity<T>));
    return count;
}

// (x - top) / power of the entries of a vector.
template <int power, class T>
SOFTGRAD_INLINE void store_bases(double* u, Vec<T> x, double top) {
    constexpr double per = 1.0 / power;
    if constexpr (sizeof(T) == sizeof(double)) {
        store(u, (x - top) * per);
    } else {
        Vec<double> low, high;
        widen(x, low, high);
        store(u, (low - top) * per);
        store(u + lanes<double>, (high - top) * per);
    }
}

template <int power, class S, class N, class Meanwhile>
SOFTGRAD_INLINE Threshold<Compute<S>> threshold(const S* x, N n, double* u, Meanwhile meanwhile) {
    using T = Compute<S>;
    constexpr int L = lanes<T>, few = Largest<T, N>::chains * L;
    Largest<T, N> largest(-infinity<T>);
    IntVec<T> undefined{};
    const auto see = [&](std::int64_t i, auto unit, auto how) SOFTGRAD_BODY {
        const Vec<T> v = how.load(x + i, -infinity<T>);
        largest.see(unit, v);
        undefined |= v != v;
    };
    if (is_few<N> || n > few) {
        over<T>(n, meanwhile, see);
    } else {  // each entry in a lane of its own
        for (int k = 0; k * L < n; ++k)
            see(k * L, k, First{n - k * L < L ? static_cast<int>(n) - k * L : L});
    }
    const T top = largest.found();
    Threshold<T> found;
    if (any(undefined) || top == infinity<T>) {
        found.otherwise = std::numeric_limits<T>::quiet_NaN();
    } else if (top != -infinity<T>) {
        found.top = top;
        for (int k = 0; k < few / L; ++k)
            store_bases<power, T>(u + k * L, largest.of(k), found.top);
        std::int64_t count = few;
        found.q = root<power>(1, u, count);
        if constexpr (!is_few<N>) {
            if (n > few) {
                const double above = found.q * (1 + 0x1p-40);
                count = candidates<power>(x, n, found.top, above, u);
                found.q = root<power>(above, u, count);
            }
        }
        if constexpr (sizeof(T) == sizeof(double))
            found.q -= step_from<power, Sum<double>>(found.q, u, count);
        found.low = below<T>(found.top - power * found.q);
    }
    return found;
}

template <class S, int power, class N>
struct ThresholdRow {
    using Writer =
        Both<Drain<S, Supported<S, power, power>, N>, Drain<S, Supported<S, power, power - 1>, N>>;

    Rows<S, N> x;
    S* p;
    S* s;
    double* u;

    template <class Meanwhile>
    SOFTGRAD_INLINE Writer read(std::int64_t r, Meanwhile meanwhile) const {
        const auto found = threshold<power>(x[r], x.n, u, x.ahead(r, meanwhile));
        Writer writer;
        writer.first = {{x[r], found}, p + r * x.n, x.n};
        if (s != nullptr) writer.second = {{x[r], found}, s + r * x.n, x.n};
        return writer;
    }
};

template <class S, int power>
void thresholds(const Job& job, std::int64_t first, std::int64_t last) {
    constexpr std::int64_t kept = 1 << 17;  // longer rows take their memory and give it back
    const std::int64_t room = job.n + 4 * lanes<float>;
    std::unique_ptr<double[]> owned(room > kept ? new double[room] : nullptr);
    double* u = owned ? owned.get() : static_cast<double*>(scratch(room * sizeof(double)));
    by_length<Compute<S>>(job.n, [&](auto n) SOFTGRAD_BODY {
        const ThresholdRow<S, power, decltype(n)> row{
            rows_of<S>(job, 0, n, last), job.output<S>(0), job.output<S>(1), u};
        each_row(row, first, last, job.bytes<S>());
    });
}

// The kernels with the slopes are the same: these are written where there is a second output.
template <class S>
constexpr Kernel sparsemax = thresholds<S, 1>;
template <class S>
constexpr Kernel sparsemax_fields = sparsemax<S>;
template <class S>
constexpr Kernel entmax15 = thresholds<S, 2>;
template <class S>
constexpr Kernel entmax15_fields = entmax15<S>;

}  // namespace
}  // namespace softgrad
