// What every instruction-set target offers, and the one buffer the kernels may borrow.
#pragma once
#include <cstddef>
#include <cstdint>

namespace softgrad {

// Softmax of each of `rows` rows of n >= 1 contiguous elements; y is x itself or apart from it.
template <class T>
using RowKernel = void (*)(const T* x, T* y, std::int64_t rows, std::int64_t n);

struct Target {
    const char* name;
    RowKernel<float> softmax_f32;
    RowKernel<double> softmax_f64;
};

// 64-byte aligned memory of this thread, valid until its next call. Throws std::bad_alloc.
void* scratch(std::size_t bytes);

}  // namespace softgrad
