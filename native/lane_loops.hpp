// The loops of loops.hpp over rows that lie in lanes; i is where the next vector begins.
#pragma once
#include "loops.hpp"

namespace softgrad {
namespace {

template <class T, class Meanwhile, class Body>
SOFTGRAD_INLINE void over(Lanes n, Meanwhile meanwhile, Body body) {
    const std::int64_t end = n.end(), last = end - 3 * n.step;
    std::int64_t i = 0;
    for (; i < last; i += 4 * n.step) {
        for (int k = 0; k < 4; ++k) meanwhile(i + k * n.step);
        body(i, Unit<0>{}, Whole{});
        body(i + n.step, Unit<1>{}, Whole{});
        body(i + 2 * n.step, Unit<2>{}, Whole{});
        body(i + 3 * n.step, Unit<3>{}, Whole{});
    }
    for (; i < end; i += n.step) {
        meanwhile(i);
        body(i, Unit<0>{}, Whole{});
    }
}

template <class T, class Meanwhile, class Term>
SOFTGRAD_INLINE void accumulate(Lanes n, Sum<T>& sum, Meanwhile meanwhile, Term term) {
    const std::int64_t end = n.end(), last = end - n.step;
    std::int64_t i = 0;
    for (; i < last; i += 2 * n.step) {
        meanwhile(i);
        meanwhile(i + n.step);
        sum.add(term(i, Unit<0>{}, Whole{}) + term(i + n.step, Unit<1>{}, Whole{}));
    }
    if (i < end) sum.add(term(i, Unit<0>{}, Whole{}));
}

template <class T, class Meanwhile, class Term>
SOFTGRAD_INLINE void accumulate(Lanes n, Sum<T>& first, Sum<T>& second, Meanwhile meanwhile,
                                Term term) {
    const std::int64_t end = n.end(), last = end - n.step;
    std::int64_t i = 0;
    for (; i < last; i += 2 * n.step) {
        meanwhile(i);
        meanwhile(i + n.step);
        const Two<T> a = term(i, Unit<0>{}, Whole{}), b = term(i + n.step, Unit<1>{}, Whole{});
        first.add(a.first + b.first);
        second.add(a.second + b.second);
    }
    if (i < end) {
        const Two<T> a = term(i, Unit<0>{}, Whole{});
        first.add(a.first);
        second.add(a.second);
    }
}

}  // namespace
}  // namespace softgrad
