// Two teams can do the work. If an OpenMP runtime is loaded already, by torch or a BLAS, it is
// borrowed: two teams of busy threads would fight for the same processors, and linking a second
// runtime makes both slow. Otherwise a small pool of our own is started at the first large job.
#include "threads.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "openmp.hpp"
#include "pool.hpp"

namespace softgrad {
namespace {

constexpr std::int64_t least_work = 1 << 18;  // elements for each thread; about 0.1 ms

std::atomic<int> chosen{0};

int from_environment() {
    const char* text = std::getenv("OMP_NUM_THREADS");
    return text == nullptr ? 0 : static_cast<int>(std::strtol(text, nullptr, 10));
}

int processors() {
    static const int count = std::max(1, available_processors());
    return count;
}

struct Parts {
    std::int64_t count;
    void (*body)(void*, std::int64_t, std::int64_t);
    void* context;

    void run(int part, int of) const {
        const std::int64_t first = count * part / of, last = count * (part + 1) / of;
        if (first < last) body(context, first, last);
    }
};

}  // namespace

int thread_count() {
    if (const int set = chosen.load(std::memory_order_relaxed)) return set;
    if (const OpenMP* runtime = OpenMP::loaded()) return runtime->most_threads();
    const int asked = from_environment();
    return asked > 0 ? asked : processors();
}

void set_thread_count(int count) { chosen.store(count, std::memory_order_relaxed); }

void in_parallel(std::int64_t count, std::int64_t work,
                 void (*body)(void*, std::int64_t, std::int64_t), void* context) {
    const std::int64_t worth = std::min(work / least_work, count);
    if (worth < 2) return body(context, 0, count);
    const int threads = static_cast<int>(std::min<std::int64_t>(worth, thread_count()));
    const Parts parts{count, body, context};
    const OpenMP* runtime = OpenMP::loaded();
    if (threads < 2 || (runtime != nullptr && runtime->inside())) {
        body(context, 0, count);
    } else if (runtime != nullptr) {
        runtime->run(threads, [](void* p, int part, int of) { static_cast<Parts*>(p)->run(part, of); },
                     const_cast<Parts*>(&parts));
    } else {
        Pool::run(threads, [](void* p, int part, int of) { static_cast<Parts*>(p)->run(part, of); },
                  const_cast<Parts*>(&parts));
    }
}

}  // namespace softgrad
