// The extension module softgrad._native: the only file here that knows Python.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <functional>
#include <string>

#include "dispatch.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace softgrad {
namespace {

using Input = nb::ndarray<nb::ro, nb::device::cpu>;
using Output = nb::ndarray<nb::device::cpu>;

template <class Array>
std::string shape(const Array& a) {
    std::string text;
    for (std::size_t i = 0; i < a.ndim(); ++i)
        text += (i == 0 ? "(" : ", ") + std::to_string(a.shape(i));
    return text + (a.ndim() == 1 ? ",)" : ")");
}

template <class Array>
bool contiguous(const Array& a) {
    std::int64_t expected = 1;
    for (std::size_t i = a.ndim(); i-- > 0; expected *= static_cast<std::int64_t>(a.shape(i)))
        if (a.shape(i) > 1 && a.stride(i) != expected) return false;
    return true;
}

template <class Array>
void require_rows(const char* name, const Array& a) {
    const bool real = a.dtype() == nb::dtype<float>() || a.dtype() == nb::dtype<double>();
    if (!real) throw nb::type_error((std::string(name) + " must be float32 or float64").c_str());
    if (a.ndim() == 0 || a.shape(a.ndim() - 1) == 0)
        throw nb::value_error(
            (std::string(name) + " must have a last axis of at least 1 element").c_str());
    const auto address = reinterpret_cast<std::uintptr_t>(a.data());
    if (a.size() != 0 && (!contiguous(a) || address % (a.dtype().bits / 8) != 0))
        throw nb::value_error((std::string(name) + " must be C-contiguous and aligned").c_str());
}

void require_match(const Input& x, const Output& out) {
    if (out.dtype() != x.dtype()) throw nb::type_error("out must have the dtype of x");
    bool same = out.ndim() == x.ndim();
    for (std::size_t i = 0; same && i < x.ndim(); ++i) same = out.shape(i) == x.shape(i);
    if (!same)
        throw nb::value_error(("out has shape " + shape(out) + ", x " + shape(x)).c_str());
    const auto* from = static_cast<const char*>(x.data());
    const auto* to = static_cast<const char*>(out.data());
    const std::less<const char*> before;
    if (from != to && before(from, to + out.nbytes()) && before(to, from + x.nbytes()))
        throw nb::value_error("out may be x itself but must not overlap it in part");
}

template <class T>
void run(RowKernel<T> kernel, const Input& x, Output& out) {
    const auto n = static_cast<std::int64_t>(x.shape(x.ndim() - 1));
    const auto rows = static_cast<std::int64_t>(x.size()) / n;
    kernel(static_cast<const T*>(x.data()), static_cast<T*>(out.data()), rows, n);
}

void softmax(const Input& x, Output out) {
    require_rows("x", x);
    require_rows("out", out);
    require_match(x, out);
    const Target& target = active_target();
    const bool single = x.dtype() == nb::dtype<float>();
    nb::gil_scoped_release unlocked;
    if (single)
        run<float>(target.softmax_f32, x, out);
    else
        run<double>(target.softmax_f64, x, out);
}

nb::list target_names() {
    nb::list names;
    for (const Target* target : targets()) names.append(target->name);
    return names;
}

}  // namespace
}  // namespace softgrad

NB_MODULE(_native, m) {
    m.doc() = "Row kernels for contiguous float32 and float64 arrays.";
    m.def("softmax", &softgrad::softmax, "x"_a.noconvert(), "out"_a.noconvert(),
          nb::sig("def softmax(x: numpy.ndarray, out: numpy.ndarray) -> None"),
          "Write the softmax of x along its last axis into out, which may be x itself.");
    m.def("isa", [] { return softgrad::active_target().name; },
          "Name the instruction set in use: the best, or the one SOFTGRAD_ISA asks for.");
    m.def("targets", &softgrad::target_names, nb::sig("def targets() -> list[str]"),
          "List the instruction sets this build and this machine have, the best first.");
}
