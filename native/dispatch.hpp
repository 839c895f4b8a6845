// Which of the compiled targets this machine runs.
#pragma once
#include <vector>

#include "kernels.hpp"

namespace softgrad {

// The compiled targets that this processor has, the best first.
const std::vector<const Target*>& targets();

// The best of them, or the one that the environment variable SOFTGRAD_ISA names.
// Throws std::invalid_argument if it names another.
const Target& active_target();

}  // namespace softgrad
