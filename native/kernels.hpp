// What every instruction-set target offers: kernels that differ in the arrays they read and write,
// behind one signature, so that choosing, splitting among threads and binding are written once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace softgrad {

// One call. Arrays lie row after row, each of n >= 1 contiguous elements; what has one number per
// row lies contiguously too. What each kernel reads and writes is said where it is defined.
//
// `Target::run_strided` takes jobs with inner > 1: there the elements of a row are that far apart,
// so that arrays lie as [rows / inner, n, inner]. A kernel with `lanes` takes some of them itself:
// of float32 and float64, and as many rows as fill whole vectors, which lie as lanes.hpp says.
struct Job {
    static constexpr int most = 6;
    std::int64_t rows, n, inner;
    const void* in[most];
    void* out[most];
    double constant[most];

    template <class T>
    const T* input(int k) const {
        return static_cast<const T*>(in[k]);
    }
    template <class T>
    T* output(int k) const {
        return static_cast<T*>(out[k]);
    }
    void*& array(int k, bool is_output) {
        return is_output ? out[k] : const_cast<void*&>(in[k]);
    }
    // Of an array with an element of type S for each of the rows'.
    template <class S>
    std::int64_t bytes() const {
        return rows * n * static_cast<std::int64_t>(sizeof(S));
    }
};

// Runs rows [first, last) of a job, or of its matrices.
using Kernel = void (*)(const Job& job, std::int64_t first, std::int64_t last);

enum Element { float32_, float64_, bfloat16_, float16_, element_count };

// A kernel in every precision, and its arrays in order, inputs > outputs, a letter each:
//   x  rows * n elements           b  rows * n bytes
//   e  the same, where no entry meets another; the job then has rows of one
//   r  one element per row         d  one double per row
//   i  one 64-bit integer per row, below n
//   c  n numbers of the precision that is computed in
//   m  a matrix of n * n elements per row; the kernel then runs over the rows of the matrices,
//      which lie one behind the other whatever `inner` is
// A question mark follows an input that may be absent.
struct Entry {
    const char* name;
    const char* arrays;
    Kernel kernel[element_count];
    bool lanes = false;  // whether it takes rows in lanes

    bool elementwise() const { return arrays[0] == 'e'; }
    bool makes_matrices() const { return std::strchr(arrays, 'm') != nullptr; }
    // What the rows of a job are split into, among threads.
    std::int64_t parts(const Job& job) const {
        return makes_matrices() && job.inner == 1 ? job.rows * job.n : job.rows;
    }
    // Whether every output is of the first array's kind.
    bool keeps_kind() const {
        return std::strpbrk(std::strchr(arrays, '>'), "bdic") == nullptr;
    }
};

struct Target {
    const char* name;
    const Entry* entries;
    long count;
    void (*run_strided)(const Entry&, Element, const Job&, std::int64_t first, std::int64_t last);

    void run(const Entry& entry, Element element, const Job& job, std::int64_t first,
             std::int64_t last) const {
        if (job.inner > 1)
            run_strided(entry, element, job, first, last);
        else
            entry.kernel[element](job, first, last);
    }
};

namespace {

constexpr int element_bytes[element_count] = {4, 8, 2, 2};
constexpr std::int64_t line_bytes = 64;  // of the cache

// Whether an array has as many elements as the rows have.
inline bool is_by_element(char letter) { return letter == 'x' || letter == 'b' || letter == 'e'; }

inline std::int64_t letter_count(char letter, std::int64_t rows, std::int64_t n) {
    if (letter == 'm') return rows * n * n;
    return is_by_element(letter) ? rows * n : letter == 'c' ? n : rows;
}

inline std::int64_t letter_bytes(char letter, Element element) {
    switch (letter) {
        case 'b': return 1;
        case 'd':
        case 'i': return 8;
        case 'c': return element == float64_ ? 8 : 4;
        default: return element_bytes[element];
    }
}

// body(letter, place among the inputs or the outputs, whether it is an output)
template <class Body>
inline void each_array(const Entry& entry, Body body) {
    int places[2] = {0, 0};
    bool is_output = false;
    for (const char* letter = entry.arrays; *letter != '\0'; ++letter) {
        if (*letter == '>')
            is_output = true;
        else if (*letter != '?')
            body(*letter, places[is_output]++, is_output);
    }
}

}  // namespace

enum class Scratch { of_kernels, of_strips, count };

// Page-aligned memory of this thread, valid until its next call. Throws std::bad_alloc.
void* scratch(std::size_t bytes, Scratch use = Scratch::of_kernels);

}  // namespace softgrad
