// Partial vectors for targets without masks: through a small array, element by element.
#pragma once

namespace softgrad {
namespace {

template <class E>
SOFTGRAD_INLINE auto load_first(const E* p, int k, E fill) {
    using V = std::conditional_t<sizeof(E) == 2, Halves, Vec<Compute<E>>>;
    V v = V{} + fill;
    for (int i = 0; i < k; ++i) v[i] = p[i];
    return v;
}

template <class E, class V>
SOFTGRAD_INLINE void store_first(E* p, int k, V v) {
    for (int i = 0; i < k; ++i) p[i] = v[i];
}

}  // namespace
}  // namespace softgrad
