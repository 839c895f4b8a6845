// The two loops that every kernel is made of: over the vectors of a row, and over rows.
#pragma once
#include "memory.hpp"
#include "sum.hpp"

// A lambda whose body must not become a call: loops hand it vectors.
#define SOFTGRAD_BODY __attribute__((always_inline))

namespace softgrad {
namespace {

template <int value>
using Unit = std::integral_constant<int, value>;

template <class V>
SOFTGRAD_INLINE auto highest(V v) {
    using T = std::remove_reference_t<decltype(v[0])>;
    return reduce<T>(v, [](auto p, auto q) { return p > q ? p : q; });
}

struct Nothing {
    SOFTGRAD_INLINE void operator()(std::int64_t) const {}
};

// body(i, unit, how) for every vector of n elements, four per step. Bodies that keep one value per
// unit (0 to 3) get four independent chains. `meanwhile(i)` runs once per step.
template <class T, class Meanwhile, class Body>
SOFTGRAD_INLINE void over(std::int64_t n, Meanwhile meanwhile, Body body) {
    constexpr int L = lanes<T>;
    std::int64_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        meanwhile(i);
        body(i, Unit<0>{}, Whole{});
        body(i + L, Unit<1>{}, Whole{});
        body(i + 2 * L, Unit<2>{}, Whole{});
        body(i + 3 * L, Unit<3>{}, Whole{});
    }
    for (; i + L <= n; i += L) body(i, Unit<0>{}, Whole{});
    if (i < n) body(i, Unit<1>{}, First{static_cast<int>(n - i)});
}

// Adds up term(i, unit, how), a vector or several, over n elements.
template <class T, class Meanwhile, class Term>
SOFTGRAD_INLINE void accumulate(std::int64_t n, Sum<T>& sum, Meanwhile meanwhile, Term term) {
    constexpr int L = lanes<T>;
    std::int64_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        meanwhile(i);
        const Vec<T> a = term(i, Unit<0>{}, Whole{}), b = term(i + L, Unit<1>{}, Whole{});
        const Vec<T> c = term(i + 2 * L, Unit<2>{}, Whole{});
        const Vec<T> d = term(i + 3 * L, Unit<3>{}, Whole{});
        sum.add(a + b);
        sum.add(c + d);
    }
    for (; i + L <= n; i += L) sum.add(term(i, Unit<0>{}, Whole{}));
    if (i < n) sum.add(term(i, Unit<1>{}, First{static_cast<int>(n - i)}));
}

template <class T>
struct Two {
    Vec<T> first, second;
};

template <class T, class Meanwhile, class Term>
SOFTGRAD_INLINE void accumulate(std::int64_t n, Sum<T>& first, Sum<T>& second,
                                Meanwhile meanwhile, Term term) {
    constexpr int L = lanes<T>;
    std::int64_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        meanwhile(i);
        const Two<T> a = term(i, Unit<0>{}, Whole{}), b = term(i + L, Unit<1>{}, Whole{});
        const Two<T> c = term(i + 2 * L, Unit<2>{}, Whole{});
        const Two<T> d = term(i + 3 * L, Unit<3>{}, Whole{});
        first.add(a.first + b.first);
        first.add(c.first + d.first);
        second.add(a.second + b.second);
        second.add(c.second + d.second);
    }
    const auto one = [&](Two<T> v) SOFTGRAD_BODY {
        first.add(v.first);
        second.add(v.second);
    };
    for (; i + L <= n; i += L) one(term(i, Unit<0>{}, Whole{}));
    if (i < n) one(term(i, Unit<1>{}, First{static_cast<int>(n - i)}));
}

// One element of a row that is not what the rule for all others gives.
template <class T>
struct Exception {
    std::int64_t place = -1;
    T value = 0;

    SOFTGRAD_INLINE Vec<T> in(Vec<T> v, std::int64_t i) const {
        const auto lane = static_cast<std::uint64_t>(place - i);
        if (__builtin_expect(lane < static_cast<std::uint64_t>(lanes<T>), 0))
            v[static_cast<int>(lane)] = value;
        return v;
    }
};

}  // namespace
}  // namespace softgrad
