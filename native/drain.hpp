// Writing a finished scratch row to its place in memory, a little at a time.
#pragma once
#include "kernels.hpp"
#include "sum.hpp"

namespace softgrad {
namespace {

template <int elements, class T>
SOFTGRAD_INLINE void prefetch(const T* p) {
    constexpr int line = 64 / sizeof(T);
    for (int i = 0; i < elements; i += line) __builtin_prefetch(p + i, 0, 2);
}

// Two scratch rows of n elements and what completes a vector, handed out in turn. They lie an odd
// number of half pages apart: at equal offsets in their pages, storing one would look to the
// processor like loading the other.
template <class T>
class TwoRows {
    T* row_[2];
    int turn_ = 0;

  public:
    explicit TwoRows(std::int64_t n) {
        constexpr std::int64_t page = 4096 / sizeof(T);
        const std::int64_t apart = (n + page - 1) / page * page + page / 2;
        const auto bytes = static_cast<std::size_t>(2 * apart) * sizeof(T);
        row_[0] = static_cast<T*>(scratch(bytes));
        row_[1] = row_[0] + apart;
    }
    T* other() { return row_[turn_ ^= 1]; }
};

enum class Write { cached, streamed };

// y = e / total, four vectors at a step. A line once streamed is not touched again: that would
// stall until it has left the write-combining buffer.
template <class T, Write how>
class Drain {
    static constexpr int L = lanes<T>;
    const T* e_ = nullptr;
    T* y_ = nullptr;
    std::int64_t left_ = 0;
    Total<T> total_;

  public:
    Drain() = default;
    SOFTGRAD_INLINE Drain(const T* e, T* y, std::int64_t n, Total<T> total)
        : e_(e), y_(y), left_(n), total_(total) {
        const int past = static_cast<int>(reinterpret_cast<std::uintptr_t>(y) %
                                          SOFTGRAD_VECTOR_BYTES / sizeof(T));
        if (past != 0) partial(left_ < L - past ? static_cast<int>(left_) : L - past);
    }
    SOFTGRAD_INLINE void step() {
        if (left_ < 4 * L) return;
        for (int k = 0; k < 4; ++k) put(k * L);
        advance(4 * L);
    }
    SOFTGRAD_INLINE void finish() {
        while (left_ >= 4 * L) step();
        for (; left_ >= L; advance(L)) put(0);
        if (left_ > 0) partial(static_cast<int>(left_));
    }

  private:
    SOFTGRAD_INLINE void put(int at) {
        const Vec<T> v = quotient(load(e_ + at), total_);
        if constexpr (how == Write::streamed)
            stream(y_ + at, v);
        else
            store(y_ + at, v);
    }
    SOFTGRAD_INLINE void advance(std::int64_t n) {
        e_ += n;
        y_ += n;
        left_ -= n;
    }
    // Element by element: a masked store costs more, on some processors by a hundred cycles.
    SOFTGRAD_INLINE void partial(int k) {
        for (int i = 0; i < k; ++i) y_[i] = quotient(e_[i], total_);
        advance(k);
    }
};

}  // namespace
}  // namespace softgrad
