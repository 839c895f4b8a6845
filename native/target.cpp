// Compiled once per instruction set, with SOFTGRAD_TARGET its name and the matching compiler flags.
#include "softmax.hpp"

#define SOFTGRAD_STRING_(name) #name
#define SOFTGRAD_STRING(name) SOFTGRAD_STRING_(name)

namespace softgrad {

extern const Target SOFTGRAD_TARGET;
const Target SOFTGRAD_TARGET = {SOFTGRAD_STRING(SOFTGRAD_TARGET), softmax<float>, softmax<double>};

}  // namespace softgrad
