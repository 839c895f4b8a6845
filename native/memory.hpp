// Elements to vectors and back: loads, stores and streams of every storage type.
#pragma once
#include "simd.hpp"

namespace softgrad {
namespace {

// -- 16-bit elements --------------------------------------------------------------------------

SOFTGRAD_INLINE Vec<float> decode(const bfloat16*, Halves h) {
    using Words = VectorOf<std::uint32_t, lanes<float>>::type;
    return (Vec<float>)(__builtin_convertvector(h, Words) << 16);
}
SOFTGRAD_INLINE Vec<float> decode(const float16*, Halves h) { return from_float16(h); }

// Rounds to nearest, ties to even; a NaN stays one.
SOFTGRAD_INLINE Halves encode(const bfloat16*, Vec<float> v) {
    using Words = VectorOf<std::uint32_t, lanes<float>>::type;
    const Words bits = (Words)v;
    const Words rounded = bits + 0x7fff + ((bits >> 16) & 1);
    return narrow(((v == v) ? rounded : bits | 0x400000) >> 16);
}
SOFTGRAD_INLINE Halves encode(const float16*, Vec<float> v) { return to_float16(v); }

template <class S>
SOFTGRAD_INLINE const std::uint16_t* raw(const S* p) {
    return reinterpret_cast<const std::uint16_t*>(p);
}
template <class S>
SOFTGRAD_INLINE std::uint16_t* raw(S* p) {
    return reinterpret_cast<std::uint16_t*>(p);
}

// -- every element ----------------------------------------------------------------------------

template <class S>
SOFTGRAD_INLINE Vec<Compute<S>> load(const S* p) {
    std::conditional_t<is_half<S>, Halves, Vec<Compute<S>>> v;
    std::memcpy(&v, p, sizeof v);
    if constexpr (is_half<S>)
        return decode(p, v);
    else
        return v;
}

template <class S>
SOFTGRAD_INLINE void store(S* p, Vec<Compute<S>> v) {
    if constexpr (is_half<S>) {
        const Halves h = encode(p, v);
        std::memcpy(p, &h, sizeof h);
    } else {
        std::memcpy(p, &v, sizeof v);
    }
}

// How a body of a loop reads and writes: whole vectors, or the first k elements of one.
struct Whole {
    template <class S>
    SOFTGRAD_INLINE Vec<Compute<S>> load(const S* p, Compute<S> = 0) const {
        return softgrad::load(p);
    }
    template <class S>
    SOFTGRAD_INLINE void store(S* p, Vec<Compute<S>> v) const {
        softgrad::store(p, v);
    }
    // The lanes that are read, and 0 in the others.
    template <class T>
    SOFTGRAD_INLINE Vec<T> only(Vec<T> v) const {
        return v;
    }
};

struct First {
    int k;

    template <class S>
    SOFTGRAD_INLINE Vec<Compute<S>> load(const S* p, Compute<S> fill = 0) const {
        if constexpr (is_half<S>) {
            const Vec<float> v = decode(p, load_first(raw(p), k, std::uint16_t(0)));
            return fill == 0 ? v : among_first<float>() ? v : broadcast(fill);
        } else {
            return load_first(p, k, fill);
        }
    }
    template <class S>
    SOFTGRAD_INLINE void store(S* p, Vec<Compute<S>> v) const {
        if constexpr (is_half<S>)
            store_first(raw(p), k, encode(p, v));
        else
            store_first(p, k, v);
    }
    template <class T>
    SOFTGRAD_INLINE Vec<T> only(Vec<T> v) const {
        return among_first<T>() ? v : Vec<T>{};
    }

  private:
    template <class T>
    SOFTGRAD_INLINE IntVec<T> among_first() const {
        return positions<T>() < static_cast<typename Bits<T>::Int>(k);
    }
};

template <class S>
SOFTGRAD_INLINE Compute<S> element(const S* p) {
    if constexpr (is_half<S>)
        return First{1}.load(p)[0];
    else
        return *p;
}

template <class S>
SOFTGRAD_INLINE void stream_to(S* p, Vec<Compute<S>> v) {
    if constexpr (is_half<S>)
        stream(raw(p), encode(p, v));
    else
        stream(p, v);
}

template <int elements, class S>
SOFTGRAD_INLINE void prefetch(const S* p) {
    constexpr int line = 64 / sizeof(S);
    for (int i = 0; i < elements; i += line) __builtin_prefetch(p + i, 0, 2);
}

}  // namespace
}  // namespace softgrad
