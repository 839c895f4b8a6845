// Runs a kernel on filled arrays, and what must hold whatever they hold.
#pragma once
#include <cstring>
#include <string>

#include "arrays.hpp"

namespace softgrad::check {

inline void same(const Call& call, Array& array, const std::vector<unsigned char>& before,
                 const char* why) {
    for (std::int64_t i = 0; i < array.count; ++i) {
        const auto* was = before.data() + static_cast<std::size_t>(i) * array.size;
        if (std::memcmp(array.at(i), was, array.size) == 0) continue;
        const bool number = array.letter != 'b' && array.letter != 'i';
        const bool both_nan =
            number && std::isnan(array.value(i)) && std::isnan(decoded(array.element, was));
        if (!both_nan) fail(call, why, i);
    }
}

// Every entry of the result is written, by whole calls and by parts alike; nothing else is.
inline void run(const Call& call, Arrays& arrays) {
    const Kernel kernel = call.entry->kernel[call.element];
    std::vector<std::vector<unsigned char>> given, found;
    for (auto& array : arrays.in)
        given.push_back(array ? array->bits() : std::vector<unsigned char>{});
    for (auto& array : arrays.out) array->blank(0x5a);
    const std::int64_t whole = call.entry->parts(arrays.job);
    kernel(arrays.job, 0, whole);
    for (auto& array : arrays.out) found.push_back(array->bits());
    for (auto& array : arrays.out) array->blank(0xa5);
    const std::int64_t part = (whole + 2) / 3;
    kernel(arrays.job, part, whole);
    kernel(arrays.job, 0, part);
    for (std::size_t k = 0; k < arrays.out.size(); ++k)
        same(call, *arrays.out[k], found[k], "an output is not written, or differs in parts");
    for (std::size_t k = 0; k < arrays.in.size(); ++k) {
        if (!arrays.in[k]) continue;
        if (arrays.in[k]->bits() != given[k]) fail(call, "an input changed");
        if (!arrays.in[k]->margin_is_whole()) fail(call, "memory before an input changed");
    }
    for (auto& array : arrays.out)
        if (!array->margin_is_whole()) fail(call, "memory before an output changed");
}

// Rows of softmax sum to 1; a row of -inf is 0, and one that is undefined NaN throughout.
inline void check_probabilities(const Call& call, Array& x, Array& p) {
    constexpr double epsilon[] = {1.2e-7, 2.3e-16, 7.9e-3, 9.8e-4};
    for (std::int64_t r = 0; r < call.rows; ++r) {
        long double sum = 0;
        bool undefined = false, empty = true;
        for (std::int64_t i = r * call.n; i < (r + 1) * call.n; ++i) {
            const double v = x.value(i), q = p.value(i);
            undefined |= std::isnan(v) || v == INFINITY;
            empty &= v == -INFINITY;
            sum += q;
            if (!(std::isnan(q) || (q >= 0 && q <= 1))) fail(call, "is no probability", i);
        }
        const double error = std::fabs(static_cast<double>(sum - (empty ? 0 : 1)));
        const double lost = call.element == float16_ ? 3e-8 * static_cast<double>(call.n) : 0;
        if (undefined ? !std::isnan(error) : !(error <= 4 * epsilon[call.element] + lost))
            fail(call, "does not sum to 1", r);
    }
}

// The bytes of an array of rows as they lie along another axis, or those as the rows they are.
inline std::vector<unsigned char> along(const Call& call, Array& array, bool as_rows) {
    std::vector<unsigned char> laid = array.bits();
    for (std::int64_t r = 0; r < call.rows && is_by_element(array.letter); ++r)
        for (std::int64_t i = 0; i < call.n; ++i) {
            const std::int64_t row = r * call.n + i;
            const std::int64_t apart = (r / call.inner * call.n + i) * call.inner + r % call.inner;
            std::memcpy(laid.data() + static_cast<std::size_t>(as_rows ? row : apart) * array.size,
                        array.at(as_rows ? apart : row), array.size);
        }
    return laid;
}

// What rows give along an axis that is not the last one, run in two parts; laid as rows again.
inline Arrays strided_parts(const Call& call, Arrays& arrays, std::int64_t part) {
    Arrays strided(call);
    for (std::size_t k = 0; k < arrays.in.size(); ++k)
        if (arrays.in[k])
            std::memcpy(strided.in[k]->data(), along(call, *arrays.in[k], false).data(),
                        arrays.in[k]->bytes());
    for (auto& array : strided.out) array->blank(0x5a);
    std::memcpy(strided.job.constant, arrays.job.constant, sizeof arrays.job.constant);
    strided.job.inner = call.inner;
    call.target->run(*call.entry, call.element, strided.job, 0, part);
    call.target->run(*call.entry, call.element, strided.job, part, call.rows);
    for (auto& array : strided.out) {
        std::memcpy(array->data(), along(call, *array, true).data(), array->bytes());
        if (!array->margin_is_whole()) fail(call, "strided, memory before it changed");
    }
    return strided;
}

// That is what the kernel makes of rows. In lanes they are added up in another order; then the
// part that a row is in makes no difference.
inline void run_strided(const Call& call, Arrays& arrays) {
    if (call.inner == 1 || call.entry->elementwise()) return;
    const Arrays found = strided_parts(call, arrays, (call.rows + 2) / 3);
    const auto compare = [&](const Arrays& expected) {
        for (std::size_t k = 0; k < arrays.out.size(); ++k)
            same(call, *found.out[k], expected.out[k]->bits(), "strided, it differs");
    };
    if (call.entry->lanes)
        compare(strided_parts(call, arrays, call.rows / 2));
    else
        compare(arrays);
    if (std::strcmp(call.entry->name, "softmax") == 0)
        check_probabilities(call, *arrays.in[0], *found.out[0]);
}

// A result that overwrites the first input is the same; it is the last use of that input.
inline void run_in_place(const Call& call, Arrays& arrays) {
    if (arrays.out.size() != 1 || arrays.out[0]->letter != arrays.in[0]->letter) return;
    const auto found = arrays.out[0]->bits();
    Job job = arrays.job;
    job.out[0] = arrays.in[0]->data();
    call.entry->kernel[call.element](job, 0, job.rows);
    same(call, *arrays.in[0], found, "in place, the result differs");
}

// Logits, weights and shares of moderate size give finite losses and gradients.
inline void check_finite(const Call& call, Arrays& arrays) {
    constexpr double moderate = 100;
    for (auto& array : arrays.in) {
        if (!array || array->letter == 'i') continue;
        for (std::int64_t i = 0; i < array->count; ++i)
            if (!(std::fabs(array->value(i)) <= moderate)) return;
    }
    for (double constant : arrays.job.constant)
        if (!(std::fabs(constant) <= moderate / 10)) return;
    for (auto& array : arrays.out)
        for (std::int64_t i = 0; i < array->count; ++i)
            if (!std::isfinite(array->value(i))) fail(call, "is not finite", i);
}

inline void check(const Call& call, Arrays& arrays) {
    run(call, arrays);
    const std::string name = call.entry->name;
    if (name == "softmax") check_probabilities(call, *arrays.in[0], *arrays.out[0]);
    if (name.rfind("cross_entropy", 0) == 0) check_finite(call, arrays);
    run_strided(call, arrays);
    run_in_place(call, arrays);
}

}  // namespace softgrad::check
