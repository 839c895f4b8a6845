// Memory for results. The system clears every page of new memory when it is first written, which
// takes as long as computing what goes there. So large blocks lie on huge pages where there are
// such, and a few that were given back are kept for results of the same size.
#pragma once
#include <cstddef>
#include <cstdint>

namespace softgrad {

constexpr std::size_t large_result = std::size_t{1} << 24;  // below, malloc itself keeps memory
constexpr std::int64_t usually_kept = std::int64_t{1} << 28;

// 64-byte aligned, or null.
void* obtain(std::size_t bytes) noexcept;
void release(void* memory) noexcept;
std::size_t room(const void* memory) noexcept;  // bytes that fit a block

// Whether blocks are kept on this system at all, and at most how many bytes of them.
bool keeps_memory() noexcept;
std::int64_t kept_limit() noexcept;
void set_kept_limit(std::int64_t bytes) noexcept;

}  // namespace softgrad
