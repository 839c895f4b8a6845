// What every instruction-set target offers: kernels that differ in the arrays they read and write,
// behind one signature, so that choosing, splitting among threads and binding are written once.
#pragma once
#include <cstddef>
#include <cstdint>

namespace softgrad {

// One call. Arrays lie row after row, each of n >= 1 contiguous elements; what has one number per
// row lies contiguously too. What each kernel reads and writes is said where it is defined.
struct Job {
    static constexpr int most = 6;
    std::int64_t rows, n;
    const void* in[most];
    void* out[most];
    double constant[most];
};

// Runs rows [first, last) of a job.
using Kernel = void (*)(const Job& job, std::int64_t first, std::int64_t last);

enum Element { float32_, float64_, bfloat16_, float16_, element_count };

// A kernel in every precision, and its arrays in order, inputs > outputs, a letter each:
//   x  rows * n elements           b  rows * n bytes
//   e  the same, where no entry meets another; the job then has rows of one
//   r  one element per row         d  one double per row
//   i  one 64-bit integer per row, below n
//   c  n numbers of the precision that is computed in
// A question mark follows an input that may be absent.
struct Entry {
    const char* name;
    const char* arrays;
    Kernel kernel[element_count];

    bool elementwise() const { return arrays[0] == 'e'; }
    bool maps_one_array() const { return arrays[1] == '>' && arrays[3] == '\0'; }
};

struct Target {
    const char* name;
    const Entry* entries;
    long count;
};

// 64-byte aligned memory of this thread, valid until its next call. Throws std::bad_alloc.
void* scratch(std::size_t bytes);

}  // namespace softgrad
