// The arrays of one call, as a kernel's letters ask for them. Each ends where its allocation ends,
// so that the address sanitizer sees whatever is touched behind it.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "elements.hpp"

namespace softgrad::check {

// Where a failure happened.
struct Call {
    const Target* target;
    const Entry* entry;
    Element element;
    std::int64_t rows, n;
    unsigned absent;  // bit k: optional input k is null
    int shift;        // elements between the start of each allocation and its array
    std::int64_t inner = 1;  // a divisor of the rows, to try them along another axis too
};

[[noreturn]] inline void fail(const Call& call, const char* why, std::int64_t place = -1) {
    constexpr const char* names[] = {"float32", "float64", "bfloat16", "float16"};
    std::fprintf(stderr, "%s %s %s rows=%lld n=%lld inner=%lld absent=%u shift=%d: %s "
                 "(%lld)\n",
                 call.target->name, call.entry->name, names[call.element],
                 static_cast<long long>(call.rows), static_cast<long long>(call.n),
                 static_cast<long long>(call.inner), call.absent, call.shift, why, static_cast<long long>(place));
    std::abort();
}

// One array: `count` elements of a precision, or bytes, or integers, behind a margin.
struct Array {
    char letter = 0;
    Element element = float32_;  // of what can be decoded
    std::int64_t count = 0;
    std::size_t size = 0, margin = 0;
    std::unique_ptr<unsigned char[]> memory;

    static constexpr unsigned char untouched = 0xc3;

    Array(const Call& call, char letter) : letter(letter), element(call.element) {
        const bool wide = letter == 'd' || letter == 'i';
        if (wide || (letter == 'c' && call.element == float64_))
            element = float64_;
        else if (letter == 'c')
            element = float32_;
        if (std::strchr("xebrdicm", letter) == nullptr)
            fail(call, "has a letter that native/check does not know", letter);
        size = static_cast<std::size_t>(letter_bytes(letter, call.element));
        count = letter_count(letter, call.rows, call.n);
        margin = static_cast<std::size_t>(call.shift) * size;
        memory.reset(new unsigned char[margin + bytes()]);
        std::memset(memory.get(), untouched, margin);
    }
    std::size_t bytes() const { return static_cast<std::size_t>(count) * size; }
    unsigned char* data() { return memory.get() + margin; }
    unsigned char* at(std::int64_t i) { return data() + static_cast<std::size_t>(i) * size; }
    double value(std::int64_t i) { return decoded(element, at(i)); }
    void blank(unsigned char byte) { std::memset(data(), byte, bytes()); }
    std::vector<unsigned char> bits() { return {data(), data() + bytes()}; }
    bool margin_is_whole() const {
        for (std::size_t i = 0; i < margin; ++i)
            if (memory[i] != untouched) return false;
        return true;
    }
};

struct Arrays {
    std::vector<std::unique_ptr<Array>> in, out;  // null: an input that is absent
    Job job{};

    explicit Arrays(const Call& call) {
        const bool flat = call.entry->elementwise();
        job.rows = flat ? call.rows * call.n : call.rows;
        job.n = flat ? 1 : call.n;
        job.inner = 1;
        auto* list = &in;
        unsigned optional = 0;
        for (const char* letter = call.entry->arrays; *letter != '\0'; ++letter) {
            if (*letter == '>') {
                list = &out;
                continue;
            }
            const char kind = *letter;
            const bool may_miss = letter[1] == '?';
            letter += may_miss;
            const bool missing = may_miss && (call.absent >> optional & 1);
            optional += may_miss;
            list->push_back(missing ? nullptr : std::make_unique<Array>(call, kind));
        }
        for (std::size_t k = 0; k < in.size(); ++k) job.in[k] = in[k] ? in[k]->data() : nullptr;
        for (std::size_t k = 0; k < out.size(); ++k) job.out[k] = out[k]->data();
    }
};

inline unsigned optional_inputs(const Entry& entry) {
    unsigned count = 0;
    for (const char* letter = entry.arrays; *letter != '\0'; ++letter) count += *letter == '?';
    return count;
}

}  // namespace softgrad::check
