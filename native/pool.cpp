#include "pool.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace softgrad {
namespace {

constexpr int patience = 4000;  // looks before a waiting thread goes to sleep: some 50 microseconds

void pause_briefly(int look) {
#if defined(__x86_64__) || defined(_M_X64)
    __builtin_ia32_pause();
#endif
    if (look % 128 == 127) std::this_thread::yield();
}

struct Work {
    Pool::Task task = nullptr;
    void* context = nullptr;
    int of = 0;
};

class Team {
    std::mutex owner_, sleep_;
    std::condition_variable wake_;
    std::atomic<std::uint64_t> round_{0};
    std::atomic<int> busy_{0};
    Work work_;
    int size_ = 0;

    void serve(int part, std::uint64_t seen) {
        for (;; ++seen) {
            for (int look = 0; round_.load(std::memory_order_acquire) == seen; ++look) {
                if (look < patience) {
                    pause_briefly(look);
                } else {
                    std::unique_lock<std::mutex> lock(sleep_);
                    wake_.wait(lock, [&] { return round_.load(std::memory_order_acquire) != seen; });
                }
            }
            if (part < work_.of) work_.task(work_.context, part, work_.of);
            busy_.fetch_sub(1, std::memory_order_acq_rel);
        }
    }

    // Returns how many parts there will be threads for.
    int grow(int threads) {
        try {
            while (size_ < threads - 1) {
                const int part = size_ + 1;
                const std::uint64_t seen = round_.load();
                std::thread([this, part, seen] { serve(part, seen); }).detach();
                ++size_;
            }
        } catch (const std::system_error&) {
            return size_ + 1;  // the system has no more to give
        }
        return threads;
    }

  public:
    void run(int threads, Pool::Task task, void* context) {
        const std::unique_lock<std::mutex> mine(owner_, std::try_to_lock);
        const int parts = mine.owns_lock() ? grow(threads) : 1;
        if (parts < 2) return task(context, 0, 1);
        work_ = {task, context, parts};
        busy_.store(size_, std::memory_order_relaxed);
        {
            const std::lock_guard<std::mutex> lock(sleep_);
            round_.fetch_add(1, std::memory_order_acq_rel);
        }
        wake_.notify_all();
        task(context, 0, parts);
        for (int look = 0; busy_.load(std::memory_order_acquire) != 0; ++look) pause_briefly(look);
    }
};

// Never destroyed: its threads outlive everything. A forked child has none of them, and begins anew.
std::atomic<Team*> team{nullptr};

Team& current() {
    static std::once_flag once;
    std::call_once(once, [] {
        team = new Team;
#if defined(__unix__) || defined(__APPLE__)
        pthread_atfork(nullptr, nullptr, [] { team = new Team; });
#endif
    });
    return *team.load();
}

}  // namespace

void Pool::run(int threads, Task task, void* context) { current().run(threads, task, context); }

}  // namespace softgrad
