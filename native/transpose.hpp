// Copying a matrix into its transpose, by tiles that are turned in registers. Elements are copied
// as unsigned integers of their size.
#pragma once
#include <utility>

#include "loops.hpp"

namespace softgrad {
namespace {

constexpr int part_bytes = 16;  // what the zips of every instruction set work within

template <class E, int bytes>
using Units = typename VectorOf<E, bytes / sizeof(E)>::type;

template <class E, int bytes, int... lane>
SOFTGRAD_INLINE Units<E, bytes> joined(Units<E, bytes / 2> a, Units<E, bytes / 2> b,
                                       std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(a, b, lane...);
}

// A vector whose parts lie `step` elements apart.
template <class E, int bytes>
SOFTGRAD_INLINE Units<E, bytes> load_parts(const E* p, std::int64_t step) {
    if constexpr (bytes == part_bytes) {
        Units<E, bytes> v;
        std::memcpy(&v, p, sizeof v);
        return v;
    } else {
        constexpr int half = bytes / 2;
        return joined<E, bytes>(load_parts<E, half>(p, step),
                                load_parts<E, half>(p + half / part_bytes * step, step),
                                std::make_integer_sequence<int, bytes / sizeof(E)>{});
    }
}

// The first (second) halves of the parts of a and b, an element of each in turn.
template <class E, int bytes, bool second, int... lane>
SOFTGRAD_INLINE Units<E, bytes> zipped(Units<E, bytes> a, Units<E, bytes> b,
                                       std::integer_sequence<int, lane...>) {
    constexpr int part = part_bytes / sizeof(E), of_b = bytes / sizeof(E);
    return __builtin_shufflevector(
        a, b, (lane / part * part + second * part / 2 + lane % part / 2 + lane % 2 * of_b)...);
}

// As many rows as a vector has elements; columns by groups of as many as a part has.
template <class E, int bytes, int groups>
class Tile {
    static constexpr int part = part_bytes / sizeof(E);
    Units<E, bytes> column_[groups][part];

  public:
    static constexpr int rows = bytes / sizeof(E), columns = groups * part;

    SOFTGRAD_INLINE Tile(const E* from, std::int64_t step) {
        // by rows first: lines a power of two apart would drive each other out of the cache
        for (int k = 0; k < part; ++k)
            for (int g = 0; g < groups; ++g)
                column_[g][k] = load_parts<E, bytes>(from + k * step + g * part, part * step);
        constexpr auto lane = std::make_integer_sequence<int, rows>{};
        for (auto& v : column_)
            for (int stage = 1; stage < part; stage *= 2) {
                Units<E, bytes> next[part];
                for (int k = 0; k < part / 2; ++k) {
                    next[2 * k] = zipped<E, bytes, false>(v[k], v[k + part / 2], lane);
                    next[2 * k + 1] = zipped<E, bytes, true>(v[k], v[k + part / 2], lane);
                }
                for (int k = 0; k < part; ++k) v[k] = next[k];
            }
    }
    SOFTGRAD_INLINE void store(E* to, std::int64_t step) const {
        for (int k = 0; k < columns; ++k)
            std::memcpy(to + k * step, &column_[k / part][k % part], bytes);
    }
};

// body(i) for steps that cover `count` >= step; the last begins early.
template <class Body>
SOFTGRAD_INLINE void cover(std::int64_t count, int step, Body body) {
    for (std::int64_t i = 0; i + step <= count; i += step) body(i);
    if (count % step != 0) body(count - step);
}

struct Matrix {
    std::int64_t rows, columns, step;
};

template <class Tile, class E>
bool transpose_by(const E* from, const Matrix& m, E* to, std::int64_t step) {
    if (m.rows < Tile::rows || m.columns < Tile::columns) return false;
    cover(m.rows, Tile::rows, [&](std::int64_t r) SOFTGRAD_BODY {
        cover(m.columns, Tile::columns, [&](std::int64_t c) SOFTGRAD_BODY {
            Tile(from + r * m.step + c, m.step).store(to + c * step + r, step);
        });
    });
    return true;
}

// to[c * step + r] = from[r * m.step + c]
template <class E>
void transpose(const E* from, const Matrix& m, E* to, std::int64_t step) {
    constexpr int registers = SOFTGRAD_VECTOR_BYTES / 4;  // half of them
    constexpr int part = part_bytes / sizeof(E), groups = part < registers ? registers / part : 1;
    if (transpose_by<Tile<E, SOFTGRAD_VECTOR_BYTES, groups>>(from, m, to, step)) return;
    if (transpose_by<Tile<E, part_bytes, 1>>(from, m, to, step)) return;
    for (std::int64_t r = 0; r < m.rows; ++r)
        for (std::int64_t c = 0; c < m.columns; ++c) to[c * step + r] = from[r * m.step + c];
}

}  // namespace
}  // namespace softgrad
