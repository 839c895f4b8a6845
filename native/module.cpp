// The extension module softgrad._native: what Python calls. It checks arrays against what a kernel
// says of itself, and runs the kernel without the GIL.
#include <nanobind/nanobind.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>

#include "arrays.hpp"
#include "dispatch.hpp"
#include "fitting.hpp"
#include "fresh.hpp"
#include "threads.hpp"

namespace nb = nanobind;

namespace softgrad {
namespace {

constexpr std::int64_t brief = 1 << 14;  // elements; letting go of the GIL costs more than these

const Entry& entry_at(long index) {
    const Target& target = active_target();
    if (index < 0 || index >= target.count) throw std::invalid_argument("there is no such kernel");
    return target.entries[index];
}

[[noreturn]] void refuse(const Entry& entry, int place, const char* why) {
    throw std::invalid_argument(std::string(entry.name) + ": array " + std::to_string(place) + " " +
                                why);
}

[[noreturn]] void refuse_few(const Entry& entry) {
    throw std::invalid_argument(std::string(entry.name) + ": too few arrays");
}

void execute(const Entry& entry, Element element, const Job& job) {
    if (job.rows == 0) return;
    const Target& target = active_target();
    const std::int64_t parts = entry.parts(job);
    if (parts * job.n <= brief) return target.run(entry, element, job, 0, parts);
    // rows that lie side by side share lines of the cache, which one thread should write
    const std::int64_t unit = job.inner > 1 ? line_bytes / element_bytes[element] : 1;
    nb::gil_scoped_release unlocked;
    struct Call {
        const Target& target;
        const Entry& entry;
        Element element;
        const Job& job;
        std::int64_t parts, unit;
        std::atomic<bool> out_of_memory{false};
    } call{target, entry, element, job, parts, unit};
    const auto part = [](void* p, std::int64_t first, std::int64_t last) {
        auto& all = *static_cast<Call*>(p);
        try {
            all.target.run(all.entry, all.element, all.job, first * all.unit,
                           std::min(last * all.unit, all.parts));
        } catch (const std::bad_alloc&) {  // for scratch memory, perhaps in a thread of our own
            all.out_of_memory = true;
        }
    };
    in_parallel((parts + unit - 1) / unit, parts * job.n, part, &call);
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
    if (count < 4)
        throw std::invalid_argument("run takes a kernel, n, inner, arrays and constants");
    const long index = PyLong_AsLong(given[0]);
    std::int64_t n = PyLong_AsLongLong(given[1]), inner = PyLong_AsLongLong(given[2]);
    if (PyErr_Occurred()) throw nb::python_error();
    const Entry& entry = entry_at(index);
    if (entry.elementwise()) n = inner = 1;
    Array first;
    if (n < 1 || inner < 1 || !read_array(given[3], first))
        throw std::invalid_argument("n and inner must be at least 1, and array 0 an array");
    if (!first.holds_element())
        refuse(entry, 0, "must be float32, float64, float16 or bfloat16 (or its bits as uint16)");
    const Shape shape{static_cast<Element>(first.kind), first.size / n, n};
    Arrays arrays;
    arrays.job.rows = shape.rows;
    arrays.job.n = n;
    arrays.job.inner = inner;
    if (shape.rows % inner != 0) refuse(entry, 0, "must have a multiple of n * inner elements");
    Py_ssize_t at = 3;
    bool written = false;
    for (const char* letter = entry.arrays; *letter != '\0'; ++letter) {
        if (*letter == '>') {
            written = true;
            continue;
        }
        const bool optional = letter[1] == '?';
        if (at == count) refuse_few(entry);
        PyObject* object = given[at++];
        if (optional && object == Py_None) {
            arrays.add_none(written);
        } else {
            Array array;
            const int place = static_cast<int>(at) - 4;
            if (!read_array(object, array)) refuse(entry, place, "must be an array");
            if (const char* why = misfit(array, *letter, shape, written)) refuse(entry, place, why);
            arrays.add(written, *letter, array.data, shape);
        }
        letter += optional;
    }
    read_constants(given + at, count - at, arrays.job);
    if (const int place = arrays.overlapping(); place >= 0)
        refuse(entry, place, "must not overlap another array");
    execute(entry, shape.element, arrays.job);
}

// apply(kernel, inputs..., out, constants...)
// What a kernel makes of arrays along the last axis of the first: one new array, a tuple of them,
// or `out` if that is not None. Null without an exception where the kernel does not take the
// arrays, or `out`, as they lie.
PyObject* apply(PyObject* const* given, Py_ssize_t count) {
    if (count < 3) throw std::invalid_argument("apply takes a kernel, arrays, out and constants");
    Array first;
    if (!read_first(given[1], first)) return nullptr;
    const Entry& entry = entry_at(PyLong_AsLong(given[0]));
    if (!entry.keeps_kind())
        throw std::invalid_argument("apply takes kernels whose results are like array 0");
    Arrays arrays;
    arrays.job.n = entry.elementwise() ? 1 : first.shape[first.axes - 1];
    arrays.job.rows = first.size / arrays.job.n;
    arrays.job.inner = 1;
    const Shape shape{static_cast<Element>(first.kind), arrays.job.rows, arrays.job.n};
    const char* letter = entry.arrays;
    Py_ssize_t at = 1;
    for (; *letter != '>'; ++letter) {
        const bool optional = letter[1] == '?';
        if (at + 1 >= count) refuse_few(entry);
        PyObject* object = given[at++];
        if (optional && object == Py_None) {
            arrays.add_none(false);
        } else {
            Array array;
            if (!read_array(object, array) || misfit(array, *letter, shape, false) != nullptr ||
                !(*letter == 'r' ? is_kin(array, first) : is_like(array, first, first.axes)))
                return nullptr;
            arrays.add(false, *letter, array.data, shape);
        }
        letter += optional;
    }
    PyObject* out = given[at++];
    read_constants(given + at, count - at, arrays.job);
    std::int64_t sizes[most_axes + 1];
    std::copy_n(first.shape, first.axes, sizes);
    sizes[first.axes] = arrays.job.n;
    nb::object results[Job::most];
    int made = 0;
    while (*++letter != '\0') {
        const int axes = first.axes + (*letter == 'm') - (*letter == 'r');
        void* data = nullptr;
        if (out != Py_None) {
            Array array;
            if (made != 0 || letter[1] != '\0' || *letter == 'm' || !read_array(out, array) ||
                !is_like(array, first, axes) || misfit(array, *letter, shape, true) != nullptr)
                return nullptr;
            data = array.data;
            results[made++] = nb::borrow(out);
        } else {
            PyObject* fresh = new_array(first, axes, sizes, &data);
            if (fresh == nullptr) throw nb::python_error();
            results[made++] = nb::steal(fresh);
        }
        arrays.add(true, *letter, data, shape);
    }
    if (out != Py_None && arrays.overlapping() >= 0) return nullptr;
    execute(entry, shape.element, arrays.job);
    if (made == 1) return results[0].release().ptr();
    PyObject* all = PyTuple_New(made);
    if (all == nullptr) throw nb::python_error();
    for (int k = 0; k < made; ++k) PyTuple_SET_ITEM(all, k, results[k].release().ptr());
    return all;
}

// indices(target, classes, ignored)
// The target, with -1 for what is to be ignored, and how many are not; null without an exception if
// one is out of range or the target is no plain array of int64.
PyObject* indices(PyObject* const* given, Py_ssize_t count) {
    Array target;
    if (count != 3) throw std::invalid_argument("indices takes a target, classes and ignored");
    if (!read_array(given[0], target) || target.kind != int64_ || !target.plain) return nullptr;
    const std::int64_t classes = PyLong_AsLongLong(given[1]);
    const bool skips = given[2] != Py_None;
    const std::int64_t ignored = skips ? PyLong_AsLongLong(given[2]) : 0;
    if (PyErr_Occurred()) throw nb::python_error();
    const auto* from = static_cast<const std::int64_t*>(target.data);
    std::int64_t skipped = 0;
    for (std::int64_t k = 0; k < target.size; ++k) {
        if (skips && from[k] == ignored)
            ++skipped;
        else if (from[k] < 0 || from[k] >= classes)
            return nullptr;
    }
    nb::object index = nb::borrow(given[0]);
    if (skipped != 0) {
        std::int64_t* to = nullptr;
        PyObject* marked = new_indices(target.size, &to);
        if (marked == nullptr) throw nb::python_error();
        index = nb::steal(marked);
        for (std::int64_t k = 0; k < target.size; ++k) to[k] = from[k] == ignored ? -1 : from[k];
    }
    return nb::make_tuple(index, target.size - skipped).release().ptr();
}

// takes(x, out)
PyObject* takes(PyObject* const* given, Py_ssize_t count) {
    if (count != 2) throw std::invalid_argument("takes takes an array and a result or None");
    Array x, out;
    bool fits = read_first(given[0], x) && x.plain;
    if (fits && given[1] != Py_None) {
        const Shape shape{static_cast<Element>(x.kind), x.size, 1};
        fits = read_array(given[1], out) && is_like(out, x, x.axes) &&
               misfit(out, 'e', shape, true) == nullptr;
        Arrays both;
        both.add(false, 'e', x.data, shape);
        both.add(true, 'e', out.data, shape);
        fits = fits && out.data != x.data && both.overlapping() < 0;
    }
    return PyBool_FromLong(fits);
}

// empty_like(x)
PyObject* empty_like(PyObject* const* given, Py_ssize_t count) {
    Array model;
    void* data = nullptr;
    if (count != 1 || !read_array(given[0], model) || !model.holds_element())
        throw std::invalid_argument("empty_like takes an array of a floating dtype");
    PyObject* array = new_array(model, model.axes, model.shape, &data);
    if (array == nullptr) throw nb::python_error();
    return array;
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

template <PyObject* (*body)(PyObject* const*, Py_ssize_t)>
PyObject* call(PyObject*, PyObject* const* given, Py_ssize_t count) {
    return guarded([&]() -> PyObject* {
        PyObject* found = body(given, count);
        if (found != nullptr) return found;
        Py_RETURN_NONE;
    });
}

PyObject* run_quietly(PyObject* const* given, Py_ssize_t count) {
    run(given, count);
    return nullptr;
}

template <PyObject* (*body)(PyObject* const*, Py_ssize_t)>
PyCFunction fast() {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&call<body>));
}

PyMethodDef calls[] = {
    {"run", fast<run_quietly>(), METH_FASTCALL,
     "run(kernel, n, inner, /, *arrays_and_constants)\n--\n\n"
     "Run a kernel, by its place in kernels(), over rows of n elements that lie inner apart."},
    {"apply", fast<apply>(), METH_FASTCALL,
     "apply(kernel, x, /, *inputs_out_and_constants)\n--\n\n"
     "Return a kernel's results along the last axis of x, new ones if out is None.\n\n"
     "None if the kernel does not take the arrays, or out, as they lie."},
    {"indices", fast<indices>(), METH_FASTCALL,
     "indices(target, classes, ignored, /)\n--\n\n"
     "Return the target with -1 for ignored entries, and how many are not; None if one is wrong."},
    {"takes", fast<takes>(), METH_FASTCALL,
     "takes(x, out, /)\n--\n\n"
     "Tell whether kernels read x as it lies, and may write what is like it to out."},
    {"empty_like", fast<empty_like>(), METH_FASTCALL,
     "empty_like(x, /)\n--\n\nReturn a new array in memory for results."},
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
    if (!softgrad::prepare_arrays()) throw nb::python_error();
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
    m.def("get_kept_memory", &softgrad::kept_limit,
          "Return how many bytes of results that are gone may be kept for the next.");
    m.def("set_kept_memory", [](std::int64_t bytes) {
              softgrad::set_kept_limit(bytes < 0 ? softgrad::usually_kept : bytes);
          }, nb::arg("bytes"),
          "Set how many bytes may be kept; a negative number stands for the usual limit.");
    m.def("kernels", &softgrad::kernel_names, nb::sig("def kernels() -> list[tuple[str, str]]"),
          "List each kernel's name and its arrays, in the letters of native/kernels.hpp.");
}
