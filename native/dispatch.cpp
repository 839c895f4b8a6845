#include "dispatch.hpp"

#if defined(SOFTGRAD_X86)
#include <cpuid.h>
#endif

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

namespace softgrad {

#if defined(SOFTGRAD_X86)
extern const Target avx512, avx2, sse4;
#else
extern const Target baseline;
#endif

#if defined(SOFTGRAD_X86)
// __builtin_cpu_supports does not know it in Clang before 18.
static bool has_f16c() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}
#endif

const std::vector<const Target*>& targets() {
    static const std::vector<const Target*> found = [] {
        std::vector<const Target*> list;
#if defined(SOFTGRAD_X86)
        __builtin_cpu_init();
        const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                              has_f16c();
        if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
            list.push_back(&avx512);
        if (has_avx2) list.push_back(&avx2);
        if (__builtin_cpu_supports("sse4.2")) list.push_back(&sse4);
#else
        list.push_back(&baseline);
#endif
        return list;
    }();
    return found;
}

const Target& active_target() {
    static const Target& chosen = []() -> const Target& {
        const char* wanted = std::getenv("SOFTGRAD_ISA");
        std::string known;
        for (const Target* target : targets()) {
            if (wanted == nullptr || *wanted == '\0' || target->name == std::string(wanted))
                return *target;
            known += known.empty() ? "" : ", ";
            known += target->name;
        }
        throw std::invalid_argument("SOFTGRAD_ISA=" + std::string(wanted ? wanted : "") +
                                    " names no target of this machine; it has: " + known);
    }();
    return chosen;
}

void* scratch(std::size_t bytes, Scratch use) {
    constexpr std::align_val_t page{4096};
    struct Release {
        void operator()(void* p) const { ::operator delete(p, page); }
    };
    struct Memory {
        std::unique_ptr<void, Release> held;
        std::size_t size = 0;
    };
    thread_local Memory all[static_cast<int>(Scratch::count)];
    auto& [held, size] = all[static_cast<int>(use)];
    if (size < bytes) {
        size = 0;
        held.reset();
        held.reset(::operator new(bytes, page));
        size = bytes;
    }
    return held.get();
}

}  // namespace softgrad
