// The two loops that every kernel is made of: over the vectors of a row, and over rows.
#pragma once
#include "lanes.hpp"
#include "memory.hpp"
#include "sum.hpp"

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

// The length of a row that one vector holds. A loop over it is one step without a branch, so that
// the processor works on several rows at once. Other lengths are integers.
struct Few {
    int n;

    SOFTGRAD_INLINE operator std::int64_t() const { return n; }
};
constexpr int group = lanes<double>;  // of short rows, for what takes a vector of doubles at once
template <class N>
constexpr bool is_few = std::is_same_v<N, Few>;

// Runs body(n), with a length of its own type where rows are short.
template <class T, class Body>
SOFTGRAD_INLINE void by_length(std::int64_t n, Body body) {
    if (n <= lanes<T>)
        body(Few{static_cast<int>(n)});
    else
        body(n);
}

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

template <class T, class Meanwhile, class Body>
SOFTGRAD_INLINE void over(Few n, Meanwhile, Body body) {
    body(0, Unit<0>{}, First{n.n});
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

template <class T, class Meanwhile, class Term>
SOFTGRAD_INLINE void accumulate(Few n, Sum<T>& sum, Meanwhile, Term term) {
    sum = Sum<T>(term(0, Unit<0>{}, First{n.n}));
}

template <class T>
struct Two {
    Vec<T> first, second;
};

template <class T, class Meanwhile, class Term>
SOFTGRAD_INLINE void accumulate(std::int64_t n, Sum<T>& first, Sum<T>& second,
                                Meanwhile meanwhile, Term term) {
    const auto one = [&](Two<T> v) SOFTGRAD_BODY {
        first.add(v.first);
        second.add(v.second);
    };
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
    for (; i + L <= n; i += L) one(term(i, Unit<0>{}, Whole{}));
    if (i < n) one(term(i, Unit<1>{}, First{static_cast<int>(n - i)}));
}

template <class T, class Meanwhile, class Term>
SOFTGRAD_INLINE void accumulate(Few n, Sum<T>& first, Sum<T>& second, Meanwhile, Term term) {
    const Two<T> v = term(0, Unit<0>{}, First{n.n});
    first = Sum<T>(v.first);
    second = Sum<T>(v.second);
}

// The largest of the vectors it is shown, but for NaN, in a chain per unit.
template <class T, class N>
class Largest {
  public:
    static constexpr int chains = is_few<N> ? 1 : 4;

    SOFTGRAD_INLINE explicit Largest(T least) {
        for (auto& high : high_) high = broadcast(least);
    }
    template <class Unit>
    SOFTGRAD_INLINE void see(Unit unit, Vec<T> v) {
        high_[unit] = maximum(v, high_[unit]);
    }
    SOFTGRAD_INLINE PerRow<T, N> found() const {
        Vec<T> high = high_[0];
        if constexpr (chains == 4)
            high = maximum(maximum(high, high_[1]), maximum(high_[2], high_[3]));
        if constexpr (in_lanes<N>)
            return high;
        else
            return highest(high);
    }
    // The largest in each lane of a chain.
    SOFTGRAD_INLINE Vec<T> of(int chain) const { return high_[chain]; }

  private:
    Vec<T> high_[chains];
};

// Contiguous rows of an input, up to the `last` that is asked for. Of more than `cached` bytes,
// what was fetched of one is gone before it is reached.
template <class S, class N>
struct Rows {
    const S* x;
    N n;
    std::int64_t last;
    std::int64_t cached = std::numeric_limits<std::int64_t>::max();

    SOFTGRAD_INLINE const S* operator[](std::int64_t r) const { return x + start_of(r, n); }
    // What fetches the row after r, or what r itself goes on with, while that is read, beside
    // something else.
    template <class Meanwhile>
    SOFTGRAD_INLINE auto ahead(std::int64_t r, Meanwhile meanwhile) const {
        if constexpr (in_lanes<N>) {
            const S* next = (*this)[r] + lanes<S>;
            return [next, meanwhile](std::int64_t i) SOFTGRAD_BODY {
                prefetch<lanes<S>>(next + i);
                meanwhile(i);
            };
        } else {
            constexpr auto size = static_cast<std::int64_t>(sizeof(S));
            const S* next = n * size > cached ? (*this)[r] + 4096 / size
                                              : (*this)[r + 1 < last ? r + 1 : r];
            return [next, meanwhile](std::int64_t i) SOFTGRAD_BODY {
                prefetch<4 * lanes<Compute<S>>>(next + i);
                meanwhile(i);
            };
        }
    }
};

}  // namespace
}  // namespace softgrad
