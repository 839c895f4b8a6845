// Jobs along an axis that is not the last one: as many rows as the cache holds are copied into
// scratch memory, where their kernel runs as on any rows, and its results are copied back.
//
// Neighbouring rows share cache lines and pages, so the more are taken at once the better memory is
// used; a result goes there in whole lines, by way of a few rows that stay in the first cache.
#pragma once
#include "columns.hpp"
#include "transpose.hpp"

namespace softgrad {
namespace {

// Calls body(E{}) with the unsigned integer of as many bytes.
template <class Body>
void as_units(std::int64_t bytes, Body body) {
    switch (bytes) {
        case 1: return body(std::uint8_t{});
        case 2: return body(std::uint16_t{});
        case 4: return body(std::uint32_t{});
        default: return body(std::uint64_t{});
    }
}

// A group's rows in scratch memory, one after another.
struct Turned {
    static constexpr std::int64_t staged_rows = 16;
    Group group;

    template <class E>
    void gather(const E* array, E* rows) const {
        const std::int64_t n = group.n;
        group.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            transpose(array + at, {n, count, group.inner}, rows + row * n, n);
        });
    }
    template <class E>
    void scatter(const E* rows, E* array, E* stage, bool streamed) const {
        constexpr auto size = static_cast<std::int64_t>(sizeof(E));
        const std::int64_t n = group.n;
        group.each_strip([&](std::int64_t at, std::int64_t row, std::int64_t count) {
            const std::int64_t step = staged(count, size) / size;
            for (std::int64_t i = 0; i < n; i += staged_rows) {
                const std::int64_t some = std::min(staged_rows, n - i);
                transpose(rows + row * n + i, {count, some, n}, stage, step);
                for (std::int64_t k = 0; k < some; ++k) {
                    auto* to = reinterpret_cast<char*>(array + at + (i + k) * group.inner);
                    const auto* from = reinterpret_cast<const char*>(stage + k * step);
                    if (streamed)
                        stream_bytes(to, from, count * size);
                    else
                        std::memcpy(to, from, static_cast<std::size_t>(count * size));
                }
            }
        });
    }
    // The bytes from one staged row to the next: whole lines, an odd number of them.
    static std::int64_t staged(std::int64_t count, std::int64_t size) {
        return ((count * size / line_bytes + 2) | 1) * line_bytes;
    }
};

// How a job's rows are taken, and the scratch memory for them.
class Strips {
    const Entry& entry_;
    Element element_;
    const Job& job_;
    std::int64_t line_, rows_ = 0;
    bool streamed_;
    char* memory_ = nullptr;

    std::int64_t slot(char letter) const {
        return slot_of(rows_ * job_.n * letter_bytes(letter, element_));
    }

  public:
    Strips(const Entry& entry, Element element, const Job& job)
        : entry_(entry), element_(element), job_(job) {
        const std::int64_t size = element_bytes[element];
        line_ = line_bytes / size;
        const std::int64_t result = job.rows * job.n * size;
        streamed_ = result >= strided_bytes;
        std::int64_t bytes = 0, slots = 0;  // of one row, of all arrays
        each_array(entry, [&](char letter, int, bool) {
            if (is_by_element(letter)) bytes += job.n * letter_bytes(letter, element);
        });
        rows_ = rows_of_group(job, bytes, result / 8, line_);
        each_array(entry, [&](char letter, int, bool) {
            if (is_by_element(letter)) slots += slot(letter);
        });
        const std::int64_t stage = Turned::staged_rows * Turned::staged(rows_, size);
        memory_ = static_cast<char*>(
            scratch(static_cast<std::size_t>(slots + stage), Scratch::of_strips));
    }
    void run(std::int64_t first, std::int64_t last) const {
        each_group(job_, first, last, rows_, line_, [&](const Group& group) { run(group); });
    }

  private:
    void run(const Group& group) const {
        const Turned turned{group};
        Job job = job_;
        job.rows = group.count();
        job.inner = 1;
        char* free = memory_;
        each_array(entry_, [&](char letter, int k, bool is_output) {
            const std::int64_t size = letter_bytes(letter, element_);
            void*& array = job.array(k, is_output);
            if (array == nullptr || letter == 'c') return;
            if (!is_by_element(letter)) {
                array = static_cast<char*>(array) + letter_count(letter, group.first, job.n) * size;
                return;
            }
            if (!is_output)
                as_units(size, [&](auto unit) {
                    using E = decltype(unit);
                    turned.gather(static_cast<const E*>(array), reinterpret_cast<E*>(free));
                });
            array = free;
            free += slot(letter);
        });
        entry_.kernel[element_](job, 0, entry_.parts(job));
        each_array(entry_, [&](char letter, int k, bool is_output) {
            if (!is_output || !is_by_element(letter)) return;
            as_units(letter_bytes(letter, element_), [&](auto unit) {
                using E = decltype(unit);
                turned.scatter(static_cast<const E*>(job.out[k]), static_cast<E*>(job_.out[k]),
                              reinterpret_cast<E*>(free), streamed_);
            });
        });
    }
};

void run_strided(const Entry& entry, Element element, const Job& job, std::int64_t first,
                 std::int64_t last) {
    if (!entry.lanes || !fit_lanes(job, element))
        Strips(entry, element, job).run(first, last);
    else if (element == float32_)
        Columns<float>(entry, job).run(first, last);
    else if (element == float64_)
        Columns<double>(entry, job).run(first, last);
    else if (element == bfloat16_)
        Columns<bfloat16>(entry, job).run(first, last);
    else
        Columns<float16>(entry, job).run(first, last);
    stream_fence();
}

}  // namespace
}  // namespace softgrad
