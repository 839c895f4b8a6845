// Arrays of NumPy and torch as the module sees them, and new ones for results. All with the GIL.
#pragma once
#include <Python.h>

#include <cstdint>

#include "kernels.hpp"

namespace softgrad {

// What an array holds: an Element, or one of these.
enum Other { int64_ = element_count, boolean_, unknown_ };

constexpr int most_axes = 64;

struct Array {
    PyObject* object = nullptr;
    void* data = nullptr;
    const std::int64_t* shape = nullptr;
    std::int64_t size = 0;  // entries
    int axes = 0, kind = unknown_;
    bool plain = false;  // C-contiguous, aligned and in this machine's byte order
    bool writable = false;
    bool tensor = false;    // torch's
    bool subclass = false;  // of NumPy's arrays, which may mean more than their memory says
    bool raw = false;       // bfloat16 as uint16

    bool holds_element() const { return kind < element_count; }
};

// Prepares for NumPy arrays; false with an exception set if that fails.
bool prepare_arrays();

// Reads an array of NumPy's, or one that offers DLPack's exchange table and lies in this
// processor's memory; false for anything else, without an exception.
bool read_array(PyObject* object, Array& array);

// A new C-contiguous array of the library and dtype of another, or null with an exception set.
PyObject* new_array(const Array& model, int axes, const std::int64_t* shape, void** data);

// A new NumPy array of 64-bit integers in one dimension, or null with an exception set.
PyObject* new_indices(std::int64_t size, std::int64_t** data);

}  // namespace softgrad
