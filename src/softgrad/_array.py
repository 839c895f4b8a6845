"""What softgrad needs to know of an array: its library, its dtype, whether its values can be read.

Nothing here imports a framework: a torch tensor can only arrive if torch is already imported.
"""

import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from array_api_compat import (
    array_namespace,
    device,
    is_array_api_obj,
    is_jax_array,
    is_numpy_array,
    is_torch_array,
)

from softgrad.errors import ArgumentTypeError

Array: TypeAlias = Any
"""Any array of the array API: NumPy, torch, JAX, array-api-strict, ..."""

FLOATING = ("float16", "bfloat16", "float32", "float64")

__all__ = [
    "FLOATING",
    "Array",
    "apart",
    "as_array",
    "constant_like",
    "copied",
    "device",
    "dtype_name",
    "framework",
    "full_view",
    "in_library_of",
    "is_array",
    "is_eager",
    "is_floating",
    "is_torch_array",
    "namespace",
    "peek",
    "possible",
    "readable",
    "sum_dtype",
    "sum_to",
    "unread",
    "working_dtype",
]


_ARE_ARRAYS: dict[type, bool] = {}


def is_array(x: Any) -> bool:
    """Tell whether ``x`` is an array of any library."""
    kind = type(x)
    if kind not in _ARE_ARRAYS:
        _ARE_ARRAYS[kind] = is_array_api_obj(x)
    return _ARE_ARRAYS[kind]


_NAMESPACES: dict[type, Any] = {}


def namespace(x: Array) -> Any:
    """Return the array-API namespace of an array."""
    kind = type(x)
    if kind not in _NAMESPACES:
        _NAMESPACES[kind] = array_namespace(x)
    return _NAMESPACES[kind]


def framework(x: Array) -> str:
    """Return the library of an array: ``numpy``, ``torch``, ``jax`` or ``portable``."""
    if (type(x) is np.ndarray and x.dtype.kind == "f") or is_numpy_array(x):
        return "numpy"
    if is_torch_array(x):
        return "torch"
    return "jax" if is_jax_array(x) else "portable"


def dtype_name(x: Array) -> str:
    """Return the dtype's plain name, the same in every library."""
    return _plain_name(type(x.dtype), x.dtype)


@lru_cache(maxsize=64)
def _plain_name(library: type, dtype: Any) -> str:
    # the type comes first: dtypes of two libraries must not be compared, not even by a cache
    return str(dtype).rsplit(".", 1)[-1]


def is_floating(x: Array) -> bool:
    """Tell whether the dtype is one of the real floating types softgrad computes in."""
    return dtype_name(x) in FLOATING


def working_dtype(*arrays: Array) -> Any:
    """Return the dtype to compute in: that of the widest array, at least float32."""
    xp = namespace(arrays[0])
    wide = any(dtype_name(a) == "float64" for a in arrays)
    return xp.float64 if wide else xp.float32


def sum_dtype(x: Array) -> Any:
    """Return the accumulator for sums of ``x``: float64 for float32 where the library has it."""
    xp = namespace(x)
    narrow_only = (is_jax_array(x) and not _jax_has_float64(xp)) or (
        is_torch_array(x) and x.device.type == "mps"
    )
    return x.dtype if narrow_only or dtype_name(x) != "float32" else xp.float64


def _jax_has_float64(xp: Any) -> bool:
    # JAX makes float32 of float64, with a warning, unless x64 is enabled.
    return str(xp.__array_namespace_info__().default_dtypes()["real floating"]) == "float64"


def as_array(name: str, x: Any) -> Array:
    """Return ``x`` as an array; lists and numbers become NumPy arrays."""
    if isinstance(x, np.ma.MaskedArray):
        raise ArgumentTypeError(
            f"{name} is a masked array; give {name}.data and where=~{name}.mask"
        )
    if isinstance(x, np.ndarray) and not x.dtype.isnative:
        return x.astype(x.dtype.newbyteorder("="))
    if is_array(x):
        return x
    if isinstance(x, (bool, int, float, list, tuple, np.number)):
        try:
            x = np.asarray(x)
        except ValueError as error:
            raise ArgumentTypeError(f"{name} is not a rectangular array: {error}") from None
        if x.dtype.kind in "fiub":
            return x
        raise ArgumentTypeError(f"{name} must hold numbers; got dtype {x.dtype}")
    raise ArgumentTypeError(
        f"{name} must be an array (NumPy, torch, JAX or array API) or a list of numbers; "
        f"got {type(x).__module__}.{type(x).__qualname__}"
    )


def is_eager(x: Array) -> bool:
    """Tell whether operations on ``x`` run at once, on this processor, with nobody tracing."""
    if is_torch_array(x):
        torch = sys.modules["torch"]
        plain = type(x) in (torch.Tensor, torch.nn.Parameter) and x.device.type == "cpu"
        functorch = torch._C._functorch
        transformed = (
            functorch.peek_interpreter_stack() is not None or functorch.is_legacy_batchedtensor(x)
        )
        return plain and not transformed and not torch.compiler.is_compiling()
    return is_numpy_array(x)


def readable(x: Array) -> bool:
    """Tell whether NumPy's or torch's memory may be read here, with nobody to see it used.

    torch must see whatever it records a derivative of, traces, transforms or compiles, and only it
    knows what a tensor's memory means where it is to be negated first.
    """
    if "torch" not in sys.modules:
        return type(x) is np.ndarray
    compiled, tensor, parameter, recorded, transformed, modes, traced, forward = _ASKED or _ask()
    if compiled():
        return False
    kind = type(x)
    if kind is np.ndarray:
        return True
    if kind is not tensor and kind is not parameter:
        return False
    return not (
        (x.requires_grad and recorded())
        or transformed() is not None
        or modes()
        or traced() is not None
        or forward._current_level >= 0
        or x.is_neg()
    )


_ASKED: list[Any] = []


def _ask() -> list[Any]:
    """Find in torch what is asked of every array: to look it up takes as long as to ask."""
    torch = sys.modules["torch"]
    _ASKED[:] = [
        torch.compiler.is_compiling,
        torch.Tensor,
        torch.nn.Parameter,
        torch.is_grad_enabled,
        torch._C._functorch.peek_interpreter_stack,
        torch._C._len_torch_dispatch_stack,
        torch._C._get_tracing_state,
        torch.autograd.forward_ad,
    ]
    return _ASKED


def in_library_of(x: Array, name: str, value: Any) -> Array:
    """Return ``value`` in the library of ``x``; lists and NumPy arrays are converted."""
    value = as_array(name, value)
    if framework(value) == framework(x):
        return value
    if framework(value) == "numpy":
        return namespace(x).asarray(value, device=device(x))
    raise ArgumentTypeError(
        f"{name} is a {framework(value)} array where the input is a {framework(x)} one; "
        "give both in one library"
    )


def copied(x: Array) -> Array:
    """Return an array that shares no memory with ``x``, where memory can be written to."""
    if is_torch_array(x):
        return x.clone()
    return x.copy() if is_numpy_array(x) else x


def apart(x: Array, others: Iterable[Array]) -> bool:
    """Tell whether ``x`` is seen to share no memory with the others."""
    if type(x) is np.ndarray:
        return not any(isinstance(o, np.ndarray) and np.may_share_memory(x, o) for o in others)
    if not readable(x):
        return False
    memory = x.untyped_storage().data_ptr()
    return all(
        readable(o) and o.untyped_storage().data_ptr() != memory
        for o in others
        if is_torch_array(o)
    )


def peek(x: Array) -> np.ndarray | None:
    """Return the values, to check them, or None where reading is impossible or would wait.

    Impossible for tracers; an accelerator would have to finish its queue first.
    """
    if is_torch_array(x):
        if not is_eager(x):
            return None
        return (x.detach().double() if x.is_floating_point() else x.detach()).numpy()
    if is_jax_array(x) and isinstance(x, sys.modules["jax"].core.Tracer):
        return None
    return np.asarray(x)


def possible(mask: Array) -> bool:
    """Return False only if no entry is True and that can be seen without waiting."""
    return bool(mask.any()) if is_eager(mask) else True


def unread(mask_by: Array, t: Array) -> Array | None:
    """Return where an infinite or NaN ``t`` must not be read, or None if that is nowhere.

    None under JAX as well, whose transposition needs every action to stay linear in t.
    """
    if is_jax_array(t):
        return None
    mask = mask_by & ~namespace(t).isfinite(t)
    return mask if possible(mask) else None


def constant_like(value: float, x: Array) -> Array:
    """Return a 0-d array with the dtype and device of ``x``."""
    return namespace(x).asarray(value, dtype=x.dtype, device=device(x))


def full_view(value: float, x: Array) -> Array:
    """Return a constant of the shape of ``x`` that occupies one element."""
    return namespace(x).broadcast_to(constant_like(value, x), x.shape)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum ``x`` over the axes along which ``shape`` was broadcast to it."""
    if tuple(x.shape) == tuple(shape):
        return x
    xp = namespace(x)
    lead = x.ndim - len(shape)
    grown = tuple(i for i, n in enumerate(shape, lead) if n == 1 and x.shape[i] != 1)
    axes = tuple(range(lead)) + grown
    total = xp.sum(x, axis=axes, dtype=sum_dtype(x)) if axes else x
    return xp.reshape(xp.astype(total, x.dtype), tuple(shape))
