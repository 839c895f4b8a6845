// What DLPack 1.3 lays down about tensors in memory, as far as arrays.cpp reads and writes it.
#pragma once
#include <cstdint>

namespace softgrad::dlpack {

enum Device : std::int32_t { processor = 1 };
enum Code : std::uint8_t { integer = 0, floating = 2, brain = 4, boolean = 6 };
constexpr std::uint64_t read_only = 1;

struct Tensor {
    void* data;
    std::int32_t device, device_number, axes;
    std::uint8_t code, bits;
    std::uint16_t lanes;
    std::int64_t* shape;
    std::int64_t* strides;
    std::uint64_t byte_offset;
};

struct Version {
    std::uint32_t major, minor;
};

struct Managed {
    Version version;
    void* context;
    void (*deleter)(Managed*);
    std::uint64_t flags;
    Tensor tensor;
};

// The functions a library offers to others; each returns 0, or -1 with an exception set.
struct Exchange {
    static constexpr const char* attribute = "__dlpack_c_exchange_api__";
    static constexpr const char* capsule = "dlpack_exchange_api";

    Version version;
    Exchange* older;
    void* allocate;
    void* lend;
    int (*give)(Managed* tensor, void** object);
    int (*look)(void* object, Tensor* tensor);
    void* current_stream;
};

}  // namespace softgrad::dlpack
