// Which arrays a kernel takes: their kinds, their sizes, and what may overlap.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>

#include "arrays.hpp"

namespace softgrad {
namespace {

struct Shape {
    Element element;
    std::int64_t rows, n;

    std::int64_t size(char letter) const { return letter_count(letter, rows, n); }
    std::int64_t bytes(char letter) const {
        return size(letter) * letter_bytes(letter, element);
    }
};

const char* wrong_kind(const Array& array, char letter, const Shape& shape) {
    switch (letter) {
        case 'd': return array.kind == float64_ ? nullptr : "must be float64";
        case 'i': return array.kind == int64_ ? nullptr : "must be int64";
        case 'b': return array.kind == boolean_ ? nullptr : "must be boolean";
        case 'c':
            return array.kind == (shape.element == float64_ ? float64_ : float32_)
                       ? nullptr
                       : "must have the precision that is computed in";
        default: return array.kind == shape.element ? nullptr : "must have the dtype of array 0";
    }
}

// Whether all of some indices are below n; a negative one marks a row that is left out.
bool are_below(const std::int64_t* indices, std::int64_t count, std::int64_t n) {
    bool all = true;
    for (std::int64_t k = 0; k < count; ++k) all &= indices[k] < n;
    return all;
}

// Why a kernel does not take an array, or null.
const char* misfit(const Array& array, char letter, const Shape& shape, bool written) {
    if (!array.plain) return "must be C-contiguous, aligned and in native byte order";
    if (written && !array.writable) return "must be writable";
    if (const char* why = wrong_kind(array, letter, shape)) return why;
    if (array.size != shape.size(letter)) return "has the wrong size";
    if (letter == 'i' &&
        !are_below(static_cast<const std::int64_t*>(array.data), shape.rows, shape.n))
        return "must hold indices below n";
    return nullptr;
}

bool is_whole(char letter) { return letter == 'x' || letter == 'e'; }

// A call's arrays, as a kernel and as the check of their overlap see them.
struct Arrays {
    Job job{};
    char letters[2][Job::most] = {};
    std::int64_t bytes[2][Job::most] = {};
    int counts[2] = {0, 0};

    void add(bool written, char letter, void* data, const Shape& shape) {
        int& k = counts[written];
        (written ? job.out[k] : const_cast<void*&>(job.in[k])) = data;
        letters[written][k] = letter;
        bytes[written][k] = shape.bytes(letter);
        ++k;
    }
    void add_none(bool written) { ++counts[written]; }

    // The place of an output that overlaps another array, or -1. The only output may be an input of
    // its shape itself; nothing else may overlap.
    int overlapping() const {
        const std::less<const char*> before;
        for (int o = 0; o < counts[1]; ++o) {
            const auto* to = static_cast<const char*>(job.out[o]);
            for (int k = 0; k < counts[0] + o; ++k) {
                const bool is_input = k < counts[0];
                const int at = is_input ? k : k - counts[0];
                const auto* from =
                    static_cast<const char*>(is_input ? job.in[at] : job.out[at]);
                const bool alike = is_input && is_whole(letters[0][at]) && is_whole(letters[1][o]);
                if (from == nullptr || (alike && from == to && counts[1] == 1)) continue;
                if (before(from, to + bytes[1][o]) && before(to, from + bytes[!is_input][at]))
                    return counts[0] + o;
            }
        }
        return -1;
    }
};

// Reads an array that decides how a kernel is called.
bool read_first(PyObject* object, Array& array) {
    return read_array(object, array) && array.holds_element() && !array.raw && !array.subclass &&
           array.axes != 0 && array.size != 0;
}

bool is_kin(const Array& array, const Array& first) {
    return array.tensor == first.tensor && !array.subclass;
}

// Whether an array is of the first one's library, and has so many of its dimensions.
bool is_like(const Array& array, const Array& first, int axes) {
    return is_kin(array, first) && array.axes == axes &&
           std::equal(array.shape, array.shape + axes, first.shape);
}

}  // namespace
}  // namespace softgrad
