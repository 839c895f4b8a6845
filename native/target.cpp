// Compiled once per instruction set, with SOFTGRAD_TARGET its name and the matching compiler flags.
#include "bends.hpp"
#include "binary_cross_entropy.hpp"
#include "cross_entropy.hpp"
#include "dyad.hpp"
#include "entmax.hpp"
#include "fields.hpp"
#include "functional.hpp"
#include "soft_cross_entropy.hpp"
#include "strided.hpp"

#define SOFTGRAD_STRING_(name) #name
#define SOFTGRAD_STRING(name) SOFTGRAD_STRING_(name)
#define SOFTGRAD_ENTRY(name, arrays, kernel) \
    {name, arrays, {kernel<float>, kernel<double>, kernel<bfloat16>, kernel<float16>}}
#define SOFTGRAD_KERNEL(name, arrays) SOFTGRAD_ENTRY(#name, arrays, name)
#define SOFTGRAD_IN_LANES(name, arrays) \
    {#name, arrays, {name<float>, name<double>, name<bfloat16>, name<float16>}, true}
#define SOFTGRAD_MEMBER(name, Member)                             \
    SOFTGRAD_ENTRY(#name, "e>e", Entrywise<Member>::template value), \
        SOFTGRAD_ENTRY(#name "_fields", "e>eee", Entrywise<Member>::template fields)

namespace softgrad {
namespace {

const Entry entries[] = {
    SOFTGRAD_IN_LANES(softmax, "x>x"),
    SOFTGRAD_IN_LANES(log_softmax, "x>x"),
    SOFTGRAD_IN_LANES(log_softmax_fields, "x>xx"),
    SOFTGRAD_IN_LANES(logsumexp, "x>r"),
    SOFTGRAD_IN_LANES(logsumexp_fields, "x>rx"),
    SOFTGRAD_KERNEL(sparsemax, "x>x"),
    SOFTGRAD_KERNEL(sparsemax_fields, "x>xx"),
    SOFTGRAD_KERNEL(entmax15, "x>x"),
    SOFTGRAD_KERNEL(entmax15_fields, "x>xx"),
    SOFTGRAD_KERNEL(cross_entropy, "xid?c?>d"),
    SOFTGRAD_KERNEL(cross_entropy_grad, "xid?c?d?>dx"),
    SOFTGRAD_KERNEL(soft_cross_entropy, "xxc?>d"),
    SOFTGRAD_KERNEL(soft_cross_entropy_grad, "xxc?>dx"),
    SOFTGRAD_KERNEL(binary_cross_entropy, "xxx?x?>d"),
    SOFTGRAD_KERNEL(binary_cross_entropy_grad, "xxx?x?>dx"),
    SOFTGRAD_IN_LANES(weighted_centering, "xx>x"),
    SOFTGRAD_IN_LANES(centering, "xxb?>x"),
    SOFTGRAD_IN_LANES(centering_transposed, "xxb?>x"),
    SOFTGRAD_IN_LANES(weighted_centering_bend, "xxx>x"),
    SOFTGRAD_IN_LANES(centering_bend_transposed, "xxb?>x"),
    SOFTGRAD_IN_LANES(functional, "xx>r"),
    SOFTGRAD_IN_LANES(functional_transposed, "xr>x"),
    SOFTGRAD_KERNEL(diagonal, "ee>e"),
    SOFTGRAD_KERNEL(dyads, "xxx>m"),
    SOFTGRAD_MEMBER(sigmoid, Sigmoid),
    SOFTGRAD_MEMBER(log_sigmoid, LogSigmoid),
    SOFTGRAD_MEMBER(softplus, Softplus),
};

}  // namespace

extern const Target SOFTGRAD_TARGET;
const Target SOFTGRAD_TARGET = {SOFTGRAD_STRING(SOFTGRAD_TARGET), entries,
                                sizeof entries / sizeof entries[0], run_strided};

}  // namespace softgrad
