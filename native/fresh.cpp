#include "fresh.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace softgrad {
namespace {

constexpr std::size_t header = 64;  // before the block, keeps its alignment
constexpr std::align_val_t alignment{header};

struct Header {
    std::size_t bytes;  // header included
    bool mapped;
};

Header& header_of(const void* memory) {
    return *reinterpret_cast<Header*>(const_cast<char*>(static_cast<const char*>(memory)) - header);
}

void* behind(void* start, std::size_t bytes, bool mapped) {
    new (start) Header{bytes, mapped};
    return static_cast<char*>(start) + header;
}

#if defined(__linux__)

constexpr std::size_t page = std::size_t{1} << 21;

void* map(std::size_t bytes) {
    void* found = mmap(nullptr, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
    if (found == MAP_FAILED) return nullptr;
    char* start = static_cast<char*>(found);
    const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(start) % page) % page;
    if (before != 0) munmap(start, before);
    munmap(start + before + bytes, page - before);
    madvise(start + before, bytes, MADV_HUGEPAGE);
    return start + before;
}

// What was given back, the newest last. Whoever finds it in use does without it: nobody waits, and
// a process forked while another thread was in here is not stuck.
class Kept {
    struct Block {
        void* start;
        std::size_t bytes;
    };
    std::mutex mutex_;
    std::array<Block, 8> blocks_{};
    std::size_t count_ = 0, total_ = 0;
    std::int64_t limit_ = usually_kept;

    Block remove(std::size_t place) {
        const Block found = blocks_[place];
        std::copy(&blocks_[place + 1], &blocks_[count_], &blocks_[place]);
        --count_;
        total_ -= found.bytes;
        return found;
    }

    void shrink(std::size_t most) {
        while (count_ != 0 && (total_ > most || count_ == blocks_.size())) {
            const Block oldest = remove(0);
            munmap(oldest.start, oldest.bytes);
        }
    }

  public:
    void* take(std::size_t bytes) {
        const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
        for (std::size_t k = lock ? count_ : 0; k-- > 0;)
            if (blocks_[k].bytes == bytes) return remove(k).start;
        return nullptr;
    }

    bool keep(void* start, std::size_t bytes) {
        const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
        if (!lock || static_cast<std::int64_t>(bytes) > limit_) return false;
        shrink(static_cast<std::size_t>(limit_) - bytes);
#if defined(MADV_FREE)
        madvise(start, bytes, MADV_FREE);  // the system may have the pages if it is short of them
#endif
        blocks_[count_++] = {start, bytes};
        total_ += bytes;
        return true;
    }

    std::int64_t limit() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return limit_;
    }

    void set_limit(std::int64_t bytes) {
        const std::lock_guard<std::mutex> lock(mutex_);
        limit_ = bytes;
        shrink(static_cast<std::size_t>(bytes));
    }
};

Kept& kept() {
    static Kept& all = *new Kept;  // arrays may be freed after everything else
    return all;
}

#endif

}  // namespace

#if defined(__linux__)

void* obtain(std::size_t bytes) noexcept {
    if (bytes >= large_result) {
        const std::size_t whole = (bytes + header + page - 1) / page * page;
        void* start = kept().take(whole);
        if (start == nullptr) start = map(whole);
        return start == nullptr ? nullptr : behind(start, whole, true);
    }
    void* start = ::operator new(bytes + header, alignment, std::nothrow);
    return start == nullptr ? nullptr : behind(start, bytes + header, false);
}

void release(void* memory) noexcept {
    if (memory == nullptr) return;
    const Header found = header_of(memory);
    void* start = &header_of(memory);
    if (!found.mapped) return ::operator delete(start, alignment);
    if (!kept().keep(start, found.bytes)) munmap(start, found.bytes);
}

bool keeps_memory() noexcept { return true; }
std::int64_t kept_limit() noexcept { return kept().limit(); }
void set_kept_limit(std::int64_t bytes) noexcept { kept().set_limit(bytes); }

#else

void* obtain(std::size_t bytes) noexcept {
    void* start = ::operator new(bytes + header, alignment, std::nothrow);
    return start == nullptr ? nullptr : behind(start, bytes + header, false);
}

void release(void* memory) noexcept {
    if (memory != nullptr) ::operator delete(&header_of(memory), alignment);
}

bool keeps_memory() noexcept { return false; }
std::int64_t kept_limit() noexcept { return 0; }
void set_kept_limit(std::int64_t) noexcept {}

#endif

std::size_t room(const void* memory) noexcept { return header_of(memory).bytes - header; }

}  // namespace softgrad
