// The extension module softgrad._native: the only file here that knows Python. It takes NumPy
// arrays, checks them against what a kernel says of itself, and runs the kernel without the GIL.
#include <nanobind/nanobind.h>
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>

#include "dispatch.hpp"
#include "threads.hpp"

namespace nb = nanobind;

namespace softgrad {
namespace {

constexpr std::int64_t brief = 1 << 14;  // elements; letting go of the GIL costs more than these

PyArrayObject* as_array(PyObject* object) { return reinterpret_cast<PyArrayObject*>(object); }

// bfloat16 has no type number of NumPy's own: its bits come as uint16.
Element element_of(PyArrayObject* array) {
    switch (PyArray_TYPE(array)) {
        case NPY_FLOAT: return float32_;
        case NPY_DOUBLE: return float64_;
        case NPY_USHORT: return bfloat16_;
        case NPY_HALF: return float16_;
        default: return element_count;
    }
}

const Entry& entry_at(long index) {
    const Target& target = active_target();
    if (index < 0 || index >= target.count) throw std::invalid_argument("there is no such kernel");
    return target.entries[index];
}

struct Shape {
    Element element;
    std::int64_t rows, n;

    std::int64_t bytes(char letter) const {
        return letter_count(letter, rows, n) * letter_bytes(letter, element);
    }
};

[[noreturn]] void refuse(const Entry& entry, int place, const char* why) {
    throw std::invalid_argument(std::string(entry.name) + ": array " + std::to_string(place) + " " +
                                why);
}

// Whether all of some indices are below n; a negative one marks a row that is left out.
bool are_below(const std::int64_t* indices, std::int64_t count, std::int64_t n) {
    bool all = true;
    for (std::int64_t k = 0; k < count; ++k) all &= indices[k] < n;
    return all;
}

void* checked(const Entry& entry, int place, PyObject* object, char letter, const Shape& shape,
              bool written) {
    if (!PyArray_Check(object)) refuse(entry, place, "must be a NumPy array");
    PyArrayObject* array = as_array(object);
    if (!PyArray_IS_C_CONTIGUOUS(array) || !PyArray_ISALIGNED(array) || PyArray_ISBYTESWAPPED(array))
        refuse(entry, place, "must be C-contiguous, aligned and in native byte order");
    if (written && !PyArray_ISWRITEABLE(array)) refuse(entry, place, "must be writable");
    if (std::strchr("xerm", letter) != nullptr && element_of(array) != shape.element)
        refuse(entry, place, "must have the dtype of array 0");
    if (letter == 'd' && PyArray_TYPE(array) != NPY_DOUBLE) refuse(entry, place, "must be float64");
    if (letter == 'i' && PyArray_TYPE(array) != NPY_INT64) refuse(entry, place, "must be int64");
    if (letter == 'b' && PyArray_TYPE(array) != NPY_BOOL) refuse(entry, place, "must be boolean");
    if (letter == 'c' &&
        PyArray_TYPE(array) != (shape.element == float64_ ? NPY_DOUBLE : NPY_FLOAT))
        refuse(entry, place, "must have the precision that is computed in");
    if (PyArray_NBYTES(array) != shape.bytes(letter)) refuse(entry, place, "has the wrong size");
    const void* data = PyArray_DATA(array);
    if (letter == 'i' &&
        !are_below(static_cast<const std::int64_t*>(data), shape.rows, shape.n))
        refuse(entry, place, "must hold indices below n");
    return PyArray_DATA(array);
}

bool is_whole(char letter) { return letter == 'x' || letter == 'e'; }

// The only output may be an input of its shape itself; nothing else may overlap.
void check_overlap(const Entry& entry, const Job& job, const char* in_letters,
                   const std::int64_t* in_bytes, int inputs, const char* out_letters,
                   const std::int64_t* out_bytes, int outputs) {
    const std::less<const char*> before;
    for (int o = 0; o < outputs; ++o) {
        const auto* to = static_cast<const char*>(job.out[o]);
        for (int k = 0; k < inputs + o; ++k) {
            const bool is_input = k < inputs;
            const auto* from = static_cast<const char*>(is_input ? job.in[k] : job.out[k - inputs]);
            const std::int64_t size = is_input ? in_bytes[k] : out_bytes[k - inputs];
            const bool alike = is_input && is_whole(in_letters[k]) && is_whole(out_letters[o]);
            if (from == nullptr || (alike && from == to && outputs == 1)) continue;
            if (before(from, to + out_bytes[o]) && before(to, from + size))
                refuse(entry, inputs + o, "must not overlap another array");
        }
    }
}

void execute(const Entry& entry, Element element, const Job& job) {
    if (job.rows == 0) return;
    const Target& target = active_target();
    const std::int64_t parts = entry.parts(job);
    if (parts * job.n <= brief) return target.run(entry, element, job, 0, parts);
    nb::gil_scoped_release unlocked;
    struct Call {
        const Target& target;
        const Entry& entry;
        Element element;
        const Job& job;
        std::atomic<bool> out_of_memory{false};
    } call{target, entry, element, job};
    const auto part = [](void* p, std::int64_t first, std::int64_t last) {
        auto& all = *static_cast<Call*>(p);
        try {
            all.target.run(all.entry, all.element, all.job, first, last);
        } catch (const std::bad_alloc&) {  // for scratch memory, perhaps in a thread of our own
            all.out_of_memory = true;
        }
    };
    in_parallel(parts, parts * job.n, part, &call);
    if (call.out_of_memory) throw std::bad_alloc();
}

void read_constants(PyObject* const* given, Py_ssize_t count, Job& job) {
    if (count > Job::most) throw std::invalid_argument("too many constants");
    for (Py_ssize_t k = 0; k < count; ++k) {
        job.constant[k] = PyFloat_AsDouble(given[k]);
        if (job.constant[k] == -1 && PyErr_Occurred()) throw nb::python_error();
    }
}

// run(kernel, n, inner, arrays..., constants...)
void run(PyObject* const* given, Py_ssize_t count) {
    if (count < 4) throw std::invalid_argument("run takes a kernel, n, inner, arrays and constants");
    const long index = PyLong_AsLong(given[0]);
    Job job{};
    job.n = PyLong_AsLongLong(given[1]);
    job.inner = PyLong_AsLongLong(given[2]);
    if (PyErr_Occurred()) throw nb::python_error();
    const Entry& entry = entry_at(index);
    if (entry.elementwise()) job.n = job.inner = 1;
    if (job.n < 1 || job.inner < 1 || !PyArray_Check(given[3]))
        throw std::invalid_argument("n and inner must be at least 1, and array 0 a NumPy array");
    PyArrayObject* first = as_array(given[3]);
    const Shape shape{element_of(first), PyArray_SIZE(first) / job.n, job.n};
    if (shape.element == element_count)
        refuse(entry, 0, "must be float32, float64, float16 or the bits of bfloat16 as uint16");
    job.rows = shape.rows;
    if (job.rows % job.inner != 0) refuse(entry, 0, "must have a multiple of n * inner elements");
    std::int64_t sizes[2][Job::most] = {};
    char letters[2][Job::most] = {};
    int counts[2] = {0, 0};
    Py_ssize_t at = 3;
    bool written = false;
    for (const char* letter = entry.arrays; *letter != '\0'; ++letter) {
        if (*letter == '>') {
            written = true;
            continue;
        }
        const bool optional = letter[1] == '?';
        if (at == count) throw std::invalid_argument(std::string(entry.name) + ": too few arrays");
        PyObject* object = given[at++];
        int& k = counts[written];
        if (!(optional && object == Py_None)) {
            void* data = checked(entry, static_cast<int>(at) - 4, object, *letter, shape, written);
            (written ? job.out[k] : const_cast<void*&>(job.in[k])) = data;
            sizes[written][k] = shape.bytes(*letter);
            letters[written][k] = *letter;
        }
        ++k;
        letter += optional;
    }
    read_constants(given + at, count - at, job);
    check_overlap(entry, job, letters[0], sizes[0], counts[0], letters[1], sizes[1], counts[1]);
    execute(entry, shape.element, job);
}

// What a kernel of one input and one output makes of an array along its last axis, or null if the
// array is not one that it takes as it is.
PyObject* apply(PyObject* const* given, Py_ssize_t count) {
    if (count < 2 || !PyArray_CheckExact(given[1])) return nullptr;
    PyArrayObject* x = as_array(given[1]);
    const Element element = element_of(x);
    const int axes = PyArray_NDIM(x);
    if (element == element_count || element == bfloat16_ || axes == 0 || PyArray_SIZE(x) == 0 ||
        !PyArray_IS_C_CONTIGUOUS(x) || !PyArray_ISALIGNED(x) || PyArray_ISBYTESWAPPED(x))
        return nullptr;
    const Entry& entry = entry_at(PyLong_AsLong(given[0]));
    if (!entry.maps_one_array()) throw std::invalid_argument("apply takes a kernel of one array");
    Job job{};
    job.inner = 1;
    job.n = entry.elementwise() ? 1 : PyArray_DIM(x, axes - 1);
    job.rows = PyArray_SIZE(x) / job.n;
    job.in[0] = PyArray_DATA(x);
    read_constants(given + 2, count - 2, job);
    const bool per_row = entry.arrays[2] == 'r';
    PyObject* y = per_row ? PyArray_SimpleNew(axes - 1, PyArray_DIMS(x), PyArray_TYPE(x))
                          : PyArray_NewLikeArray(x, NPY_CORDER, nullptr, 0);
    if (y == nullptr) throw nb::python_error();
    nb::object owned = nb::steal(y);
    job.out[0] = PyArray_DATA(as_array(y));
    execute(entry, element, job);
    return owned.release().ptr();
}

// nanobind's own binding costs a small call four times as much as these do.
template <class Body>
PyObject* guarded(Body body) {
    try {
        return body();
    } catch (nb::python_error& error) {
        error.restore();
    } catch (const std::invalid_argument& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    return nullptr;
}

PyObject* run_call(PyObject*, PyObject* const* given, Py_ssize_t count) {
    return guarded([&]() -> PyObject* {
        run(given, count);
        Py_RETURN_NONE;
    });
}

PyObject* apply_call(PyObject*, PyObject* const* given, Py_ssize_t count) {
    return guarded([&]() -> PyObject* {
        PyObject* y = apply(given, count);
        if (y != nullptr) return y;
        Py_RETURN_NONE;
    });
}

PyCFunction fast(PyObject* (*call)(PyObject*, PyObject* const*, Py_ssize_t)) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call));
}

PyMethodDef calls[] = {
    {"run", fast(run_call), METH_FASTCALL,
     "run(kernel, n, inner, /, *arrays_and_constants)\n--\n\n"
     "Run a kernel, by its place in kernels(), over rows of n elements that lie inner apart."},
    {"apply", fast(apply_call), METH_FASTCALL,
     "apply(kernel, x, /, *constants)\n--\n\n"
     "Return a kernel's result along the last axis of x, or None if x is not taken as it is."},
    {nullptr, nullptr, 0, nullptr},
};

nb::list target_names() {
    nb::list names;
    for (const Target* target : targets()) names.append(target->name);
    return names;
}

nb::list kernel_names() {
    nb::list names;
    const Target& target = active_target();
    for (long k = 0; k < target.count; ++k)
        names.append(nb::make_tuple(target.entries[k].name, target.entries[k].arrays));
    return names;
}

}  // namespace
}  // namespace softgrad

NB_MODULE(_native, m) {
    if (_import_array() < 0) throw nb::python_error();
    m.doc() = "Row kernels for contiguous arrays.";
    if (PyModule_AddFunctions(m.ptr(), softgrad::calls) < 0) throw nb::python_error();
    m.def("isa", [] { return softgrad::active_target().name; },
          "Name the instruction set in use: the best, or the one SOFTGRAD_ISA asks for.");
    m.def("targets", &softgrad::target_names, nb::sig("def targets() -> list[str]"),
          "List the instruction sets this build and this machine have, the best first.");
    m.def("get_num_threads", &softgrad::thread_count,
          "Return how many threads a large job may use.");
    m.def("set_num_threads", &softgrad::set_thread_count, nb::arg("count"),
          "Set how many threads a large job may use; 0 leaves it to the environment again.");
    m.def("kernels", &softgrad::kernel_names, nb::sig("def kernels() -> list[tuple[str, str]]"),
          "List each kernel's name and its arrays, in the letters of native/kernels.hpp.");
}
