// The GNU OpenMP runtime, if something else in this process has loaded it.
#pragma once

namespace softgrad {

class OpenMP {
  public:
    using Task = void (*)(void* context, int part, int of);

    // Null where none is loaded, or in a process forked after it was used, where it would hang.
    static const OpenMP* loaded();

    int most_threads() const { return most_threads_(); }
    bool inside() const { return in_parallel_() != 0; }
    void run(int threads, Task task, void* context) const;

  private:
    int (*most_threads_)() = nullptr;
    int (*in_parallel_)() = nullptr;
    int (*number_)() = nullptr;
    int (*count_)() = nullptr;
    void (*parallel_)(void (*)(void*), void*, unsigned, unsigned) = nullptr;
    int process_ = 0;

    static const OpenMP* find();
};

// How many processors this process may run on.
int available_processors();

}  // namespace softgrad
