// libFuzzer: arbitrary bytes choose a kernel, a target, sizes and constants, and are its arrays.
#include <algorithm>

#include "../dispatch.hpp"
#include "invariants.hpp"

namespace softgrad::check {
namespace {

class Bytes {
    const std::uint8_t* next_;
    const std::uint8_t* start_;
    const std::uint8_t* end_;

  public:
    Bytes(const std::uint8_t* data, std::size_t size)
        : next_(data), start_(data), end_(data + size) {}
    // Begins again where they end.
    std::uint8_t one() {
        if (next_ == end_) next_ = start_;
        return *next_++;
    }
    int below(int limit) { return (one() << 8 | one()) % limit; }
    double small() { return static_cast<std::int8_t>(one()) / 16.0; }
};

void fill(Bytes& bytes, const Call& call, Array& array) {
    for (std::int64_t i = 0; i < array.count; ++i) {
        if (array.letter == 'b') {
            *array.at(i) = bytes.one() & 1;
        } else if (array.letter == 'i') {
            const std::int64_t index = bytes.below(static_cast<int>(call.n) + 1) - 1;
            std::memcpy(array.at(i), &index, sizeof index);
        } else if (array.letter == 'd' || array.letter == 'c') {
            encode(array.element, bytes.small(), array.at(i));
        } else {
            std::generate_n(array.at(i), array.size, [&] { return bytes.one(); });
        }
    }
}

// The same numbers within the reach where losses must be finite.
void calm(Array& array) {
    for (std::int64_t i = 0; i < array.count; ++i) {
        const double value = array.value(i);
        encode(array.element, std::isfinite(value) ? std::fmod(value, 90) : 0, array.at(i));
    }
}

}  // namespace
}  // namespace softgrad::check

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace softgrad;
    using namespace softgrad::check;
    if (size < 16) return 0;
    Bytes bytes(data, size);
    const auto& all = targets();
    const int which = bytes.below(static_cast<int>(all.size()));
    const Target& target = *all[static_cast<std::size_t>(which)];
    const Entry& entry = target.entries[bytes.below(static_cast<int>(target.count))];
    Call call{&target, &entry, static_cast<Element>(bytes.below(element_count)), 1, 1, 0, 0};
    call.n = 1 + bytes.below(bytes.one() & 1 ? 40 : entry.makes_matrices() ? 300 : 5000);
    call.inner = entry.makes_matrices() ? 1 : 1 + bytes.below(call.n < 40 ? 40 : 3);
    call.rows = call.inner * (1 + bytes.below(3));
    call.absent = bytes.one();
    call.shift = bytes.below(17);
    const bool moderate = bytes.one() & 1;
    Arrays arrays(call);
    for (double& constant : arrays.job.constant) constant = bytes.small();
    for (auto& array : arrays.in) {
        if (!array) continue;
        fill(bytes, call, *array);
        if (moderate && array->letter == 'x') calm(*array);
    }
    check::check(call, arrays);
    return 0;
}
