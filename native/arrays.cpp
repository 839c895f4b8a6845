#include "arrays.hpp"

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "dlpack.hpp"
#include "fresh.hpp"

namespace softgrad {
namespace {

static_assert(sizeof(npy_intp) == sizeof(std::int64_t), "shapes are read as they lie");

// ml_dtypes gives bfloat16 its number when it is imported.
bool is_bfloat16(PyArrayObject* array) {
    static thread_local int number = -1;
    const int type = PyArray_TYPE(array);
    if (type < NPY_USERDEF) return false;
    if (type == number) return true;
    const char* name = PyArray_DESCR(array)->typeobj->tp_name;
    const char* dot = std::strrchr(name, '.');
    if (PyArray_ITEMSIZE(array) != 2 || std::strcmp(dot ? dot + 1 : name, "bfloat16") != 0)
        return false;
    number = type;
    return true;
}

int kind_of(PyArrayObject* array) {
    switch (PyArray_TYPE(array)) {
        case NPY_FLOAT: return float32_;
        case NPY_DOUBLE: return float64_;
        case NPY_USHORT: return bfloat16_;
        case NPY_HALF: return float16_;
        case NPY_INT64: return int64_;
        case NPY_BOOL: return boolean_;
        default: return is_bfloat16(array) ? static_cast<int>(bfloat16_) : unknown_;
    }
}

int kind_of(const dlpack::Tensor& tensor) {
    if (tensor.lanes != 1) return unknown_;
    switch (tensor.code << 8 | tensor.bits) {
        case dlpack::floating << 8 | 32: return float32_;
        case dlpack::floating << 8 | 64: return float64_;
        case dlpack::brain << 8 | 16: return bfloat16_;
        case dlpack::floating << 8 | 16: return float16_;
        case dlpack::integer << 8 | 64: return int64_;
        case dlpack::boolean << 8 | 8: return boolean_;
        default: return unknown_;
    }
}

bool is_plain(const dlpack::Tensor& tensor, const void* data) {
    std::int64_t expected = 1;
    for (int k = tensor.axes; k-- > 0;) {
        if (tensor.strides && tensor.shape[k] != 1 && tensor.strides[k] != expected) return false;
        expected *= tensor.shape[k];
    }
    return reinterpret_cast<std::uintptr_t>(data) % std::max(tensor.bits / 8, 1) == 0;
}

const dlpack::Exchange* found_in(PyTypeObject* type) {
    PyObject* capsule = PyObject_GetAttrString(reinterpret_cast<PyObject*>(type),
                                               dlpack::Exchange::attribute);
    if (capsule == nullptr) {
        PyErr_Clear();
        return nullptr;
    }
    const dlpack::Exchange* table = nullptr;
    if (PyCapsule_IsValid(capsule, dlpack::Exchange::capsule))
        table = static_cast<const dlpack::Exchange*>(
            PyCapsule_GetPointer(capsule, dlpack::Exchange::capsule));
    Py_DECREF(capsule);
    return table && table->version.major == 1 && table->look && table->give ? table : nullptr;
}

const dlpack::Exchange* exchange_of(PyTypeObject* type) {
    static thread_local PyTypeObject* known = nullptr;
    static thread_local const dlpack::Exchange* table = nullptr;
    if (type != known) {
        table = found_in(type);
        Py_INCREF(type);  // no other type will have its address
        Py_XDECREF(reinterpret_cast<PyObject*>(known));
        known = type;
    }
    return table;
}

bool read_tensor(PyObject* object, Array& array) {
    const dlpack::Exchange* exchange = exchange_of(Py_TYPE(object));
    dlpack::Tensor tensor;
    if (exchange == nullptr) return false;
    if (exchange->look(object, &tensor) != 0) {
        PyErr_Clear();
        return false;
    }
    if (tensor.device != dlpack::processor) return false;
    array.data = static_cast<char*>(tensor.data) + tensor.byte_offset;
    array.kind = kind_of(tensor);
    array.axes = tensor.axes;
    array.shape = tensor.shape;
    array.size = 1;
    for (int k = 0; k < tensor.axes; ++k) array.size *= tensor.shape[k];
    array.plain = is_plain(tensor, array.data);
    array.writable = array.tensor = true;
    return true;
}

// NumPy's arrays in our memory: what it calls to give that back, or to change its size.
void* handled_malloc(void*, std::size_t bytes) { return obtain(bytes); }

void* handled_calloc(void*, std::size_t count, std::size_t each) {
    void* memory = obtain(count * each);
    return memory ? std::memset(memory, 0, count * each) : nullptr;
}

void* handled_realloc(void*, void* memory, std::size_t bytes) {
    if (memory != nullptr && bytes <= room(memory)) return memory;
    void* grown = obtain(bytes);
    if (grown != nullptr && memory != nullptr) {
        std::memcpy(grown, memory, room(memory));
        release(memory);
    }
    return grown;
}

void handled_free(void*, void* memory, std::size_t) { release(memory); }

PyDataMem_Handler handler = {
    "softgrad",
    1,
    {nullptr, handled_malloc, handled_calloc, handled_realloc, handled_free},
};

PyObject* handler_capsule = nullptr;

PyObject* new_numpy_array(const Array& model, int axes, const std::int64_t* shape) {
    auto* like = reinterpret_cast<PyArrayObject*>(model.object);
    PyArray_Descr* dtype = PyArray_DESCR(like);
    std::size_t bytes = static_cast<std::size_t>(PyArray_ITEMSIZE(like));
    for (int k = 0; k < axes; ++k) bytes *= static_cast<std::size_t>(shape[k]);
    PyObject* usual = nullptr;
    if (keeps_memory() && bytes >= large_result) {
        usual = PyDataMem_SetHandler(handler_capsule);
        if (usual == nullptr) return nullptr;
    }
    Py_INCREF(dtype);
    PyObject* array = PyArray_NewFromDescr(&PyArray_Type, dtype, axes,
                                           reinterpret_cast<const npy_intp*>(shape), nullptr,
                                           nullptr, 0, nullptr);
    if (usual != nullptr) {
        PyObject* ours = PyDataMem_SetHandler(usual);
        Py_DECREF(usual);
        Py_XDECREF(ours);
    }
    return array;
}

PyObject* new_tensor(const Array& model, int axes, const std::int64_t* shape, void** data) {
    static constexpr struct {
        std::uint8_t code, bits;
    } types[] = {{dlpack::floating, 32}, {dlpack::floating, 64}, {dlpack::brain, 16},
                 {dlpack::floating, 16}};
    const auto [code, bits] = types[model.kind];
    std::size_t bytes = bits / 8;
    for (int k = 0; k < axes; ++k) bytes *= static_cast<std::size_t>(shape[k]);
    const std::size_t lengths = 2 * sizeof(std::int64_t) * static_cast<std::size_t>(axes);
    const std::size_t before = (sizeof(dlpack::Managed) + lengths + 63) / 64 * 64;
    auto* memory = static_cast<char*>(obtain(before + bytes));
    if (memory == nullptr) return PyErr_NoMemory();
    auto* sizes = reinterpret_cast<std::int64_t*>(memory + sizeof(dlpack::Managed));
    std::int64_t stride = 1;
    for (int k = axes; k-- > 0; stride *= shape[k]) {
        sizes[k] = shape[k];
        sizes[axes + k] = stride;
    }
    *data = memory + before;
    auto* managed = new (memory) dlpack::Managed{
        {1, 1},
        nullptr,
        [](dlpack::Managed* self) { release(self); },
        0,
        {*data, dlpack::processor, 0, axes, code, bits, 1, sizes, sizes + axes, 0}};
    void* tensor = nullptr;
    if (exchange_of(Py_TYPE(model.object))->give(managed, &tensor) != 0) {
        release(memory);
        return nullptr;
    }
    return static_cast<PyObject*>(tensor);
}

}  // namespace

bool prepare_arrays() {
    if (_import_array() < 0) return false;
    handler_capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
    return handler_capsule != nullptr;
}

bool read_array(PyObject* object, Array& array) {
    array.object = object;
    if (!PyArray_Check(object)) return read_tensor(object, array);
    auto* given = reinterpret_cast<PyArrayObject*>(object);
    array.data = PyArray_DATA(given);
    array.kind = kind_of(given);
    array.raw = PyArray_TYPE(given) == NPY_USHORT;
    array.axes = PyArray_NDIM(given);
    array.shape = reinterpret_cast<const std::int64_t*>(PyArray_DIMS(given));
    array.size = PyArray_SIZE(given);
    array.plain = PyArray_IS_C_CONTIGUOUS(given) && PyArray_ISALIGNED(given) &&
                  !PyArray_ISBYTESWAPPED(given);
    array.writable = PyArray_ISWRITEABLE(given);
    array.subclass = !PyArray_CheckExact(object);
    return true;
}

PyObject* new_array(const Array& model, int axes, const std::int64_t* shape, void** data) {
    if (model.tensor) return new_tensor(model, axes, shape, data);
    PyObject* array = new_numpy_array(model, axes, shape);
    if (array != nullptr) *data = PyArray_DATA(reinterpret_cast<PyArrayObject*>(array));
    return array;
}

PyObject* new_indices(std::int64_t size, std::int64_t** data) {
    const npy_intp shape[] = {size};
    PyObject* array = PyArray_SimpleNew(1, shape, NPY_INT64);
    if (array != nullptr)
        *data = static_cast<std::int64_t*>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)));
    return array;
}

}  // namespace softgrad
