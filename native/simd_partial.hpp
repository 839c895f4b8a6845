// Partial vectors for targets without masks: through a small array, element by element.
#pragma once

namespace softgrad {
namespace {

template <class E, class V>
SOFTGRAD_INLINE V first_of(const E* p, int k, V fill) {
    for (int i = 0; i < k; ++i) fill[i] = p[i];
    return fill;
}

template <class E, class V>
SOFTGRAD_INLINE void put_first(E* p, int k, V v) {
    for (int i = 0; i < k; ++i) p[i] = v[i];
}

}  // namespace
}  // namespace softgrad
