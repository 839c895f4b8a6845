// Splitting a job among threads.
#pragma once
#include <cstdint>

namespace softgrad {

// How many threads a large job may use: what was set, or else what OpenMP would use, OMP_NUM_THREADS
// and threadpoolctl included, or else one per processor this process may run on.
int thread_count();

// 0 forgets what was set.
void set_thread_count(int count);

// Calls body(context, first, last) for parts of [0, count) that together are all of it, on as many
// threads as are worth their start for so much work, the calling one included. `work` is in elements.
void in_parallel(std::int64_t count, std::int64_t work,
                 void (*body)(void* context, std::int64_t first, std::int64_t last), void* context);

}  // namespace softgrad
