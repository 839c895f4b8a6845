// Jobs in lanes: kernels run where the arrays lie, on as many rows as fill whole vectors, or on a
// copy in scratch memory. Nothing is transposed.
#pragma once
#include "group.hpp"

namespace softgrad {
namespace {

constexpr std::int64_t longest_in_lanes = 1 << 16;  // elements
constexpr std::int64_t in_place_bytes = 2 << 20;    // of results; larger ones are copied

// What is copied, with the elements of one type as those of the other.
template <class From>
struct Copied {
    const From* from = nullptr;

    template <class How>
    SOFTGRAD_INLINE Vec<Compute<From>> operator()(std::int64_t i, How how) const {
        return how.load(from + i);
    }
};

template <class S>
class Columns {
    using T = Compute<S>;
    static constexpr int L = lanes<T>;
    static constexpr std::int64_t line = line_bytes / static_cast<std::int64_t>(sizeof(S));
    const Entry& entry_;
    const Job& job_;
    Kernel kernel_;
    std::int64_t rows_ = 0, step_ = 0;  // of a copy: how many rows at most, and their elements' distance
    bool in_place_;
    Write how_;
    char* memory_ = nullptr;

    static std::int64_t whole(std::int64_t count) { return (count + L - 1) / L * L; }
    std::int64_t bytes_of(char letter) const {
        return letter == 'b' ? 1 : static_cast<std::int64_t>(sizeof(T));
    }
    std::int64_t slot(char letter) const {
        const std::int64_t length = is_by_element(letter) ? job_.n : 1;
        return slot_of((length * step_) * bytes_of(letter));
    }

  public:
    Columns(const Entry& entry, const Job& job)
        : entry_(entry), job_(job), kernel_(entry.kernel[sizeof(T) == 4 ? float32_ : float64_]) {
        const std::int64_t result = job.bytes<S>();
        in_place_ = !is_half<S> && result < in_place_bytes &&
                    (job.inner % L == 0 || job.inner >= 4 * L);
        how_ = result < strided_bytes ? Write::cached : Write::streamed;
        std::int64_t row_bytes = 0, slots = 0;
        each_array(entry, [&](char letter, int, bool) {
            if (is_by_element(letter)) row_bytes += job.n * bytes_of(letter);
        });
        rows_ = in_place_ ? L : rows_of_group(job, row_bytes, result, line);
        step_ = whole(rows_) + L;  // the last vector of a copy may reach behind it
        each_array(entry, [&](char letter, int, bool) { slots += slot(letter); });
        memory_ = static_cast<char*>(scratch(static_cast<std::size_t>(slots), Scratch::of_strips));
    }
    void run(std::int64_t first, std::int64_t last) const {
        if (!in_place_) {
            each_group(job_, first, last, rows_, line, [&](const Group& group) { copied(group); });
            return;
        }
        const Group all{job_.n, job_.inner, first, last};
        all.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            const std::int64_t full = count / L * L, begin = first + row;
            if (full != 0) in_place(at, begin, full);
            if (full < count) copied({job_.n, job_.inner, begin + full, begin + count});
        });
    }

  private:
    void in_place(std::int64_t at, std::int64_t first, std::int64_t count) const {
        Job job = job_;
        job.rows = count;
        each_array(entry_, [&](char letter, int k, bool is_output) {
            void*& array = is_output ? job.out[k] : const_cast<void*&>(job.in[k]);
            if (array != nullptr)
                array = static_cast<char*>(array) +
                        (is_by_element(letter) ? at : first) * bytes_of(letter);
        });
        kernel_(job, 0, count);
    }
    void copied(const Group& group) const {
        Job job = job_;
        job.rows = whole(group.count());
        job.inner = step_;
        char* free = memory_;
        each_array(entry_, [&](char letter, int k, bool is_output) {
            void*& array = is_output ? job.out[k] : const_cast<void*&>(job.in[k]);
            if (array == nullptr) return;
            if (letter == 'b')
                gather(group, static_cast<const std::uint8_t*>(array),
                       reinterpret_cast<std::uint8_t*>(free));
            else if (is_output)
                ;
            else
                gather(group, static_cast<const S*>(array), reinterpret_cast<T*>(free), letter);
            array = free;
            free += slot(letter);
        });
        kernel_(job, 0, job.rows);
        each_array(entry_, [&](char letter, int k, bool is_output) {
            if (is_output) scatter(group, job.output<T>(k), job_.output<S>(k), letter);
        });
    }
    static Group shape(const Group& group, char letter) {
        return is_by_element(letter) ? group : Group{1, group.last, group.first, group.last};
    }
    void gather(const Group& group, const S* array, T* to, char letter) const {
        const Group of = shape(group, letter);
        of.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            for (std::int64_t i = 0; i < of.n; ++i) {
                const S* from = array + at + i * of.inner;
                T* line = to + row + i * step_;
                std::int64_t k = 0;
                for (; k + L <= count; k += L) store(line + k, load(from + k));
                if (k < count) store(line + k, First{static_cast<int>(count - k)}.load(from + k));
            }
        });
    }
    void gather(const Group& group, const std::uint8_t* array, std::uint8_t* to) const {
        group.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            for (std::int64_t i = 0; i < group.n; ++i)
                std::memcpy(to + row + i * step_, array + at + i * group.inner,
                            static_cast<std::size_t>(count));
        });
    }
    void scatter(const Group& group, const T* from, S* array, char letter) const {
        const Group of = shape(group, letter);
        of.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            for (std::int64_t i = 0; i < of.n; ++i) {
                S* to = array + at + i * of.inner;
                const T* line = from + row + i * step_;
                if (how_ == Write::streamed) {
                    Drain<S, Copied<T>> drain({line}, to, count);
                    drain.start(how_);
                    drain.finish(how_);
                    continue;
                }
                std::int64_t k = 0;
                for (; k + L <= count; k += L) store(to + k, load(line + k));
                if (k < count) First{static_cast<int>(count - k)}.store(to + k, load(line + k));
            }
        });
    }
};

template <class S>
void run_in_lanes(const Entry& entry, const Job& job, std::int64_t first, std::int64_t last) {
    Columns<S>(entry, job).run(first, last);
}

}  // namespace
}  // namespace softgrad
