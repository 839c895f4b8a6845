// A few threads that wait for work: busily for a moment, then asleep.
#pragma once

namespace softgrad {

class Pool {
  public:
    using Task = void (*)(void* context, int part, int of);

    // Calls task(context, part, of) for every part of `threads`, one on the calling thread; all of
    // it there if the pool is at work for another thread.
    static void run(int threads, Task task, void* context);
};

}  // namespace softgrad
