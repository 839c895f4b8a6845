// Runs every kernel of every target of this machine in every precision on rows of every short
// length and some long ones, ordinary and special. Built with sanitizers (SOFTGRAD_SANITIZE).
//
//     harness            all of it; says how many calls were made
//     harness fault K    the K-th kernel of faults.hpp instead, at which it must stop; ends with
//                        status 0 if it does not, and 2 if there is none
#include <iterator>

#include "../dispatch.hpp"
#include "faults.hpp"
#include "invariants.hpp"

namespace softgrad::check {
namespace {

class Random {
    std::uint64_t state_ = 20261121;

  public:
    std::uint64_t bits() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return state_ >> 33;
    }
    double uniform(double low, double high) {
        return low + (high - low) * static_cast<double>(bits()) / 2147483648.0;
    }
};

constexpr std::int64_t kinds = 12;

// Entry i of n in a row of some kind, in a precision whose largest number is `huge`.
double entry(Random& random, std::int64_t kind, std::int64_t i, std::int64_t n, double huge) {
    const bool last = i == n - 1;
    switch (kind) {
        case 0: return random.uniform(-3, 3);
        case 1: return random.uniform(-60, 60);
        case 2: return last ? NAN : random.uniform(-3, 3);
        case 3: return i == n / 2 ? INFINITY : random.uniform(-3, 3);
        case 4: return random.bits() & 1 ? -INFINITY : random.uniform(-3, 3);
        case 5: return -INFINITY;
        case 6: return last ? -1e4 : -INFINITY;
        case 7: return random.bits() & 1 ? huge : -huge;
        case 8: return random.uniform(-1, 1) / huge / 16;
        case 9: return 0.3;
        case 10: return i == n / 3 ? 40 : random.uniform(-1, 1);
        default: return i == 0 ? INFINITY : last ? -INFINITY : NAN;
    }
}

void fill(Random& random, const Call& call, Array& array) {
    constexpr double huge[] = {3e38, 1e308, 3e38, 6e4};
    const std::int64_t n = call.n;
    for (std::int64_t i = 0; i < array.count; ++i) {
        if (array.letter == 'b') {
            *array.at(i) = random.bits() & 1;
        } else if (array.letter == 'i') {
            const std::int64_t index = static_cast<std::int64_t>(random.bits() % (n + 1)) - 1;
            std::memcpy(array.at(i), &index, sizeof index);
        } else if (array.letter == 'x' || array.letter == 'e') {
            const double value = entry(random, i / n % kinds, i % n, n, huge[call.element]);
            encode(array.element, value, array.at(i));
        } else {
            encode(array.element, random.uniform(0, 1), array.at(i));
        }
    }
}

long call_once(Random& random, const Call& call, int set) {
    const double sets[][Job::most] = {{1, 0, 0, 1, 0, 0},
                                      {0.9, 0.1 / call.n, 0.1, 0.5, 1e-2, 1e-2},
                                      {-INFINITY, 1, 0, 0, 1, 1}};
    Arrays arrays(call);
    for (auto& array : arrays.in)
        if (array) fill(random, call, *array);
    std::memcpy(arrays.job.constant, sets[set], sizeof sets[set]);
    check(call, arrays);
    return 1;
}

struct Size {
    std::int64_t rows, n, inner = 1;
};

std::vector<Size> sizes(const Entry& entry, int element) {
    std::vector<Size> list;
    const std::int64_t mebi = (1 << 20) / element_bytes[element];
    if (entry.makes_matrices()) {
        for (std::int64_t n = 1; n <= 70; ++n) list.push_back({kinds, n});
        list.push_back({4 * mebi / (301 * 301) + 1, 301});  // streamed
        return list;
    }
    for (std::int64_t n = 1; n <= 200; ++n) list.push_back({kinds, n, n % 2 ? kinds : kinds / 4});
    for (std::int64_t inner : {17, 34, 70})
        for (std::int64_t n : {1, 3, 8, 15, 17, 33, 70}) list.push_back({2 * inner, n, inner});
    for (std::int64_t n : {1000, 2047, 2048, 2049, 4097}) list.push_back({kinds, n});
    list.push_back({4 * mebi / 1001 + 1, 1001});                // streamed
    if (entry.lanes && element != float16_)                     // the same from a copy
        list.push_back({(2 * mebi / 1001 / 66 + 1) * 66, 1001, 66});
    if (!entry.elementwise()) list.push_back({1, mebi + 999});  // read block by block
    return list;
}

long run_target(const Target& target) {
    Random random;
    long calls = 0;
    for (long k = 0; k < target.count; ++k)
        for (int element = 0; element < element_count; ++element)
            for (const Size& size : sizes(target.entries[k], element)) {
                const Entry& entry = target.entries[k];
                const unsigned masks = 1u << optional_inputs(entry);
                const int shift = static_cast<int>(size.n % 7);
                Call call{&target, &entry, static_cast<Element>(element), size.rows, size.n,
                          0,       shift,  size.inner};
                const bool every = size.n <= 20;  // else what may vary takes turns
                for (call.absent = 0; call.absent < masks; ++call.absent)
                    for (int set = 0; set < 3; ++set)
                        if (every || (call.absent * 3 + set) == size.n % (masks * 3))
                            calls += call_once(random, call, set);
            }
    return calls;
}

}  // namespace
}  // namespace softgrad::check

int main(int count, char** words) {
    using namespace softgrad;
    if (count == 3) {
        const long k = std::atol(words[2]);
        if (k >= static_cast<long>(std::size(check::faults))) return 2;
        const check::Fault& fault = check::faults[k];
        check::run_target({"fault", &fault.entry, 1,
                           fault.run_strided ? fault.run_strided : targets()[0]->run_strided});
        return 0;
    }
    for (const Target* target : targets())
        std::printf("%s: %ld calls of %ld kernels\n", target->name, check::run_target(*target),
                    target->count);
}
