// Jobs in lanes: kernels run where the arrays lie, on as many rows as fill whole vectors, or on a
// copy in scratch memory, where the vectors of each row lie one after another. 16-bit elements are
// copied as floats.
//
// Which of both is a matter of speed alone, and so is where a row lies: no lane knows of it.
#pragma once
#include "group.hpp"

namespace softgrad {
namespace {

// By measurement: where the arrays at one outer index do not fit the second cache, or the result
// not the next, a copy is faster.
constexpr std::int64_t outer_in_place = 2 << 20, result_in_place = 8 << 20;  // bytes
constexpr std::int64_t vectors_at_once = 32, rows_ahead = 4;                 // of a copy

// Whether rows of a job are taken in lanes: a vector of them fits the second cache, and most
// vectors are full. Other rows are faster transposed.
inline bool fit_lanes(const Job& job, Element element) {
    constexpr std::int64_t longest = 1 << 13;
    const std::int64_t wide = element == float64_ ? lanes<double> : lanes<float>;
    return job.n <= longest && (job.inner % wide == 0 || job.inner >= 2 * wide);
}

// How a job's rows are taken, and the scratch memory for copies of them.
template <class S>
class Columns {
    using T = Compute<S>;
    static constexpr std::int64_t L = lanes<T>;
    const Entry& entry_;
    const Job& job_;
    const bool in_place_;
    const bool in_one_;  // a copy's result is written over its first array
    const Write how_;
    const Kernel kernel_;
    std::int64_t rows_ = L, apart_;  // of a copy
    std::int64_t stage_ = 0;
    char* memory_ = nullptr;

    static bool fits_in_place(const Entry& entry, const Job& job) {
        std::int64_t bytes = 0;
        each_array(entry, [&](char letter, int, bool) {
            if (is_by_element(letter)) bytes += job.inner * job.n * bytes_of(letter);
        });
        return !is_half<S> && job.bytes<S>() < result_in_place && bytes < outer_in_place;
    }
    static std::int64_t in_vectors(std::int64_t rows) { return (rows + L - 1) / L * L; }
    static std::int64_t bytes_of(char letter) {
        return letter == 'b' ? 1 : static_cast<std::int64_t>(sizeof(T));
    }
    bool shared(char letter, bool is_output) const {
        return in_one_ && is_output && letter == 'x';
    }
    std::int64_t slot(char letter) const {
        return slot_of(in_vectors(rows_) * (is_by_element(letter) ? apart_ : 1) * bytes_of(letter));
    }

  public:
    Columns(const Entry& entry, const Job& job)
        : entry_(entry),
          job_(job),
          in_place_(fits_in_place(entry, job)),
          in_one_(std::strcmp(std::strchr(entry.arrays, '>'), ">x") == 0),
          how_(job.bytes<S>() < strided_bytes ? Write::cached : Write::streamed),
          kernel_(entry.kernel[sizeof(T) == sizeof(float) ? float32_ : float64_]),
          apart_(lanes_apart(job.n)) {
        std::int64_t bytes = 0;  // of one row, and of all arrays
        each_array(entry, [&](char letter, int, bool is_output) {
            if (is_by_element(letter) && !shared(letter, is_output))
                bytes += job.n * bytes_of(letter);
        });
        if (!in_place_)
            rows_ = std::min(rows_of_group(job, bytes, job.bytes<S>() / 4, line()),
                             vectors_at_once * L);
        each_array(entry, [&](char letter, int, bool is_output) {
            if (!shared(letter, is_output)) stage_ += slot(letter);
        });
        const std::int64_t stage = (in_vectors(rows_) + L) * static_cast<std::int64_t>(sizeof(S));
        memory_ = static_cast<char*>(
            scratch(static_cast<std::size_t>(stage_ + stage), Scratch::of_strips));
    }
    void run(std::int64_t first, std::int64_t last) const {
        if (!in_place_)
            return each_group(job_, first, last, rows_, line(),
                              [&](const Group& group) { run_copied(group); });
        const Group all{job_.n, job_.inner, first, last};
        all.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            const std::int64_t begin = first + row, whole = begin + count / L * L;
            if (whole != begin) run_in_place(at, begin, whole);
            if (whole != begin + count) run_copied({job_.n, job_.inner, whole, begin + count});
        });
    }

  private:
    static std::int64_t line() { return line_bytes / static_cast<std::int64_t>(sizeof(S)); }

    void run_in_place(std::int64_t at, std::int64_t first, std::int64_t last) const {
        Job job = job_;
        each_array(entry_, [&](char letter, int k, bool is_output) {
            void*& array = job.array(k, is_output);
            if (array != nullptr)
                array = static_cast<char*>(array) +
                        (is_by_element(letter) ? at : first) * bytes_of(letter);
        });
        kernel_(job, 0, last - first);
    }
    void run_copied(const Group& group) const {
        Job job = job_;
        job.inner = L;
        char* free = memory_;
        each_array(entry_, [&](char letter, int k, bool is_output) {
            void*& array = job.array(k, is_output);
            if (array == nullptr) return;
            if (letter == 'b')
                gather(group, static_cast<const std::uint8_t*>(array),
                       reinterpret_cast<std::uint8_t*>(free));
            else if (!is_output)
                gather(group, letter, static_cast<const S*>(array), reinterpret_cast<T*>(free));
            if (shared(letter, is_output)) {
                array = memory_;
            } else {
                array = free;
                free += slot(letter);
            }
        });
        kernel_(job, 0, in_vectors(group.count()));
        each_array(entry_, [&](char letter, int k, bool is_output) {
            if (is_output) scatter(group, letter, job.output<T>(k), job_.output<S>(k));
        });
    }

    // body(where in the array, where in the copy, how) for every vector of a group, or of what it
    // has one of per row. Rows of several outer indices share vectors.
    template <class Body>
    void each_vector(const Group& group, char letter, Body body) const {
        const bool whole = is_by_element(letter);
        const Group of = whole ? group : Group{1, group.last, group.first, group.last};
        const std::int64_t apart = whole ? apart_ : 1;
        of.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            const std::int64_t lane = row & (L - 1);
            const std::int64_t before = lane == 0 ? 0 : std::min(L - lane, count);
            const std::int64_t begin = (row - lane) * apart, next = begin + (lane != 0) * L * apart;
            for (std::int64_t i = 0; i < of.n; ++i) {
                std::int64_t from = at + i * of.inner, to = next + i * L;
                const std::int64_t end = from + count;
                if (before != 0)
                    body(from, begin + i * L + lane, First{static_cast<int>(before)});
                for (from += before; from + L <= end; from += L, to += L * apart)
                    body(from, to, Whole{});
                if (from < end) body(from, to, First{static_cast<int>(end - from)});
            }
        });
    }
    void gather(const Group& group, char letter, const S* array, T* copy) const {
        const std::int64_t ahead = rows_ahead * group.inner;
        each_vector(group, letter, [&](std::int64_t at, std::int64_t to, auto how) SOFTGRAD_BODY {
            __builtin_prefetch(array + at + ahead);
            how.store(copy + to, how.load(array + at));
        });
    }
    void gather(const Group& group, const std::uint8_t* array, std::uint8_t* copy) const {
        each_vector(group, 'b', [&](std::int64_t at, std::int64_t to, auto how) SOFTGRAD_BODY {
            if constexpr (std::is_same_v<decltype(how), Whole>)
                std::memcpy(copy + to, array + at, L);
            else
                std::memcpy(copy + to, array + at, static_cast<std::size_t>(how.k));
        });
    }
    void scatter(const Group& group, char letter, const T* copy, S* array) const {
        if (how_ == Write::streamed && is_by_element(letter))
            return group.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
                for (std::int64_t i = 0; i < group.n; ++i)
                    stream_line(copy + i * L, row, array + at + i * group.inner, count);
            });
        each_vector(group, letter, [&](std::int64_t at, std::int64_t from, auto how) SOFTGRAD_BODY {
            how.store(array + at, how.load(copy + from));
        });
    }
    // By way of the first cache: where the elements begin, no vector of the copy need begin.
    void stream_line(const T* copy, std::int64_t row, S* to, std::int64_t count) const {
        S* stage = reinterpret_cast<S*>(memory_ + stage_);
        const std::int64_t lane = row & (L - 1);
        for (std::int64_t k = 0; k < lane + count; k += L)
            store(stage + k, load(copy + (row - lane + k) * apart_));
        stream_bytes(reinterpret_cast<char*>(to), reinterpret_cast<const char*>(stage + lane),
                     count * static_cast<std::int64_t>(sizeof(S)));
    }
};

}  // namespace
}  // namespace softgrad
