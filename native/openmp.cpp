#include "openmp.hpp"

#include <thread>

#if defined(__linux__)
#include <dlfcn.h>
#include <link.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#endif

namespace softgrad {

#if defined(__linux__)

namespace {

// torch's wheels rename theirs: libgomp-0123abcd.so.1.
int is_gomp(dl_phdr_info* info, std::size_t, void* found) {
    const char* slash = std::strrchr(info->dlpi_name, '/');
    const char* name = slash == nullptr ? info->dlpi_name : slash + 1;
    if (std::strncmp(name, "libgomp", 7) != 0) return 0;
    *static_cast<std::string*>(found) = info->dlpi_name;
    return 1;
}

template <class Function>
bool take(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
}

}  // namespace

const OpenMP* OpenMP::find() {
    std::string path;
    dl_iterate_phdr(is_gomp, &path);
    void* library = path.empty() ? nullptr : dlopen(path.c_str(), RTLD_NOLOAD | RTLD_LAZY);
    if (library == nullptr) return nullptr;
    auto* runtime = new OpenMP;  // for the rest of the process
    runtime->process_ = getpid();
    const bool whole = take(library, "omp_get_max_threads", runtime->most_threads_) &&
                       take(library, "omp_in_parallel", runtime->in_parallel_) &&
                       take(library, "omp_get_thread_num", runtime->number_) &&
                       take(library, "omp_get_num_threads", runtime->count_) &&
                       take(library, "GOMP_parallel", runtime->parallel_);
    if (whole) return runtime;
    delete runtime;
    return nullptr;
}

const OpenMP* OpenMP::loaded() {
    static std::atomic<const OpenMP*> known{nullptr};
    const OpenMP* runtime = known.load(std::memory_order_acquire);
    if (runtime == nullptr) {
        runtime = find();  // torch may have been imported since
        if (runtime != nullptr) known.store(runtime, std::memory_order_release);
    }
    return runtime != nullptr && runtime->process_ == getpid() ? runtime : nullptr;
}

void OpenMP::run(int threads, Task task, void* context) const {
    struct Shared {
        const OpenMP* runtime;
        Task task;
        void* context;
    } shared{this, task, context};
    parallel_(
        [](void* p) {
            const auto& all = *static_cast<Shared*>(p);
            all.task(all.context, all.runtime->number_(), all.runtime->count_());
        },
        &shared, static_cast<unsigned>(threads), 0);
}

int available_processors() {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

#else

const OpenMP* OpenMP::loaded() { return nullptr; }
void OpenMP::run(int, Task task, void* context) const { task(context, 0, 1); }
int available_processors() { return static_cast<int>(std::thread::hardware_concurrency()); }

#endif

}  // namespace softgrad
