// Kernels, and what runs them, that are wrong on purpose: the harness must stop at each.
#pragma once
#include <limits>

#include "../kernels.hpp"

namespace softgrad::check {

inline void copy(const Job& job, std::int64_t from, std::int64_t to) {
    const auto* x = static_cast<const float*>(job.in[0]);
    auto* y = static_cast<float*>(job.out[0]);
    for (std::int64_t i = from; i < to; ++i) y[i] = x[i];
}
inline void overruns(const Job& job, std::int64_t first, std::int64_t last) {
    copy(job, first * job.n, last * job.n + (last == job.rows));
}
inline void omits(const Job& job, std::int64_t first, std::int64_t last) {
    copy(job, first * job.n, last * job.n - (last == job.rows));
}
inline void underruns(const Job& job, std::int64_t first, std::int64_t last) {
    copy(job, first * job.n, last * job.n);
    static_cast<float*>(job.out[0])[-1] = 0;
}
inline void overflows(const Job& job, std::int64_t first, std::int64_t last) {
    volatile std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    copy(job, first * job.n, last * job.n);
    largest = largest + job.n;
}
inline void unlike(const Job& job, std::int64_t first, std::int64_t last) {
    copy(job, first * job.n, last * job.n);
    static_cast<float*>(job.out[0])[first * job.n] += static_cast<float>(last - first);
}
inline void spoils(const Job& job, std::int64_t first, std::int64_t last) {
    auto* y = static_cast<float*>(job.out[0]);
    for (std::int64_t i = first * job.n; i < last * job.n; ++i) y[i] = 0;
    static_cast<float*>(const_cast<void*>(job.in[0]))[0] = 1234;
}
inline void improper(const Job& job, std::int64_t first, std::int64_t last) {
    auto* y = static_cast<float*>(job.out[0]);
    for (std::int64_t i = first * job.n; i < last * job.n; ++i) y[i] = 0.75f;
}
inline void infinite(const Job& job, std::int64_t first, std::int64_t last) {
    auto* loss = static_cast<double*>(job.out[0]);
    for (std::int64_t r = first; r < last; ++r) loss[r] = std::numeric_limits<double>::infinity();
}

inline void numbers(const Job& job, std::int64_t first, std::int64_t last) {
    const auto* x = static_cast<const float*>(job.in[0]);
    auto* y = static_cast<float*>(job.out[0]);
    for (std::int64_t r = first; r < last; ++r)
        for (std::int64_t i = 0; i < job.n; ++i) y[r * job.n + i] = x[r * job.n + i] + i;
}
inline void as_rows(const Entry& entry, Element element, const Job& job, std::int64_t first,
                    std::int64_t last) {
    entry.kernel[element](job, first, last);
}

inline void by_part(const Entry&, Element, const Job& job, std::int64_t first, std::int64_t last) {
    auto* y = static_cast<float*>(job.out[0]);
    for (std::int64_t r = first; r < last; ++r)
        for (std::int64_t i = 0; i < job.n; ++i)
            y[(r / job.inner * job.n + i) * job.inner + r % job.inner] = static_cast<float>(first);
}

struct Fault {
    Entry entry;
    decltype(Target::run_strided) run_strided = nullptr;  // or one that is right
};

#define SOFTGRAD_FAULT(name) \
    {{#name, "x>x", {name, name, name, name}}}

inline const Fault faults[] = {
    SOFTGRAD_FAULT(overruns),  SOFTGRAD_FAULT(omits),  SOFTGRAD_FAULT(underruns),
    SOFTGRAD_FAULT(overflows), SOFTGRAD_FAULT(unlike), SOFTGRAD_FAULT(spoils),
    {{"softmax", "x>x", {improper, improper, improper, improper}}},
    {{"cross_entropy", "i>d", {infinite, infinite, infinite, infinite}}},
    {{"strided", "x>x", {numbers, numbers, numbers, numbers}}, as_rows},
    {{"lanes", "x>x", {numbers, numbers, numbers, numbers}, true}, by_part},
};

}  // namespace softgrad::check
