// Partial vectors for targets without masks: through a small array, element by element.
#pragma once

namespace softgrad {
namespace {

template <class T>
SOFTGRAD_INLINE Vec<T> load_first(const T* p, int k, T fill) {
    Vec<T> v = broadcast(fill);
    for (int i = 0; i < k; ++i) v[i] = p[i];
    return v;
}

}  // namespace
}  // namespace softgrad
