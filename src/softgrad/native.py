"""The compiled row kernels, where the build has them; portable code stays the reference.

A kernel is known by name. What arrays it reads and writes it says itself, in the letters of
``native/kernels.hpp``; here they are looked up, checked for fitting as they lie, and allocated.
"""

import math
import sys
from collections.abc import Callable
from functools import partial
from itertools import repeat, zip_longest
from typing import Any

import numpy as np

from softgrad._array import Array, copied, dtype_name, is_torch_array, readable
from softgrad._layout import Layout
from softgrad.axis import Axis
from softgrad.errors import ArgumentError

try:
    from softgrad import _native as _module
except ImportError:  # built with SOFTGRAD_NATIVE=0
    _module = None

__all__ = [
    "AVAILABLE",
    "applier",
    "duplicate",
    "get_kept_memory",
    "get_num_threads",
    "has",
    "indices",
    "losses",
    "rows",
    "set_kept_memory",
    "set_num_threads",
    "takes",
]

_native: Any = _module

AVAILABLE = _native is not None
"""Whether the native module was built."""

_KERNELS: dict[str, tuple[int, str, str]] = {}
"""Each kernel's place in the module, the letters of its inputs and those of its outputs."""

if AVAILABLE:
    for _place, (_name, _arrays) in enumerate(_native.kernels()):
        _KERNELS[_name] = (_place, *_arrays.replace("?", "").split(">"))


def has(kernel: str) -> bool:
    """Tell whether there is such a kernel."""
    return AVAILABLE and kernel in _KERNELS


def get_num_threads() -> int:
    """Return how many threads a large NumPy or torch array on this processor may be split among."""
    return _native.get_num_threads() if AVAILABLE else 1


def set_num_threads(count: int | None) -> None:
    """Set how many threads a large array may be split among; None: as the environment says.

    That is what OpenMP would use if its runtime is loaded, by torch or a BLAS, whose threads are
    then borrowed (``OMP_NUM_THREADS`` and threadpoolctl count); or ``OMP_NUM_THREADS``; or one for
    each processor. Arrays of fewer than 524,288 entries are never split.

    Raises
    ------
    ArgumentError
        ``count`` is neither None nor an integer of at least 1.

    Examples
    --------
    >>> import softgrad
    >>> softgrad.set_num_threads(1)
    >>> softgrad.get_num_threads()
    1
    >>> softgrad.set_num_threads(None)
    """
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise ArgumentError(f"count must be None or an integer of at least 1; got {count!r}")
    if AVAILABLE:
        _native.set_num_threads(count or 0)


def get_kept_memory() -> int:
    """Return how many bytes of results that are gone may be kept for new ones."""
    return _native.get_kept_memory() if AVAILABLE else 0


def set_kept_memory(limit: int | None) -> None:
    """Set how many bytes of results that are gone may be kept for new ones; None: 256 MB.

    The system clears new memory page by page when it is first written, which takes as long as
    computing what goes there. So on Linux the memory of a NumPy or torch result of 16 MB or more
    is kept when the array is gone, for the next of the same size: at most 8 of them and ``limit``
    bytes in all, the latest. The system is told that it may take them back when it is short of
    memory. 0 keeps nothing and gives back what there is. Elsewhere nothing is kept.

    Raises
    ------
    ArgumentError
        ``limit`` is neither None nor an integer of at least 0.

    Examples
    --------
    >>> import softgrad
    >>> softgrad.set_kept_memory(0)
    >>> softgrad.get_kept_memory()
    0
    >>> softgrad.set_kept_memory(None)
    """
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise ArgumentError(f"limit must be None or an integer of at least 0; got {limit!r}")
    if AVAILABLE:
        _native.set_kept_memory(-1 if limit is None else min(limit, sys.maxsize))


def applier(
    kernel: str, axis: Axis | None, constants: tuple[float, ...]
) -> Callable[[Any, Any], Any] | None:
    """Return what runs a kernel of one array along the axis, if there is such a kernel.

    It takes the array and an array for the result, or None, and returns the result; or None where
    the kernel does not take both as they lie.
    """
    if not has(kernel) or not _acts_along_last(kernel, axis):
        return None
    if len(_KERNELS[kernel][1]) > 1 or (axis and axis.keepdims):
        return None
    place, apply = _KERNELS[kernel][0], _native.apply
    if not constants:
        return partial(apply, place)
    return lambda x, out: apply(place, x, out, *constants)


def rows(
    kernel: str,
    axis: Axis | None,
    *arrays: Array | None,
    constants: tuple[float, ...] = (),
    out: Array | None = None,
) -> tuple[Array, ...] | None:
    """Run a kernel along the axis and return its outputs, or None if that is not possible.

    It is not if there is no such kernel, or an array is not one of the first one's shape and dtype
    (masks: boolean) that fills its memory in the same order of axes, NumPy's or torch's, in whose
    derivative nobody has an interest. An elementwise kernel needs no axis. The only output of a
    kernel is written to ``out`` where that lies as it must.
    """
    if not has(kernel) or not all(a is None or readable(a) for a in arrays):
        return None
    if not _acts_along_last(kernel, axis):
        return None if axis is None or axis.dim is None else _laid(kernel, axis, arrays, constants)
    place, _, outputs = _KERNELS[kernel]
    found = _native.apply(place, *arrays, out, *constants)
    if found is None and out is not None:
        found = _native.apply(place, *arrays, None, *constants)
    if found is None:
        return _laid(kernel, axis, arrays, constants)
    found = found if type(found) is tuple else (found,)
    if axis and axis.keepdims:
        kept = zip(outputs, found, strict=True)
        return tuple(y[..., None] if letter == "r" else y for letter, y in kept)
    return found


def _acts_along_last(kernel: str, axis: Axis | None) -> bool:
    return _KERNELS[kernel][1][0] == "e" or (axis is not None and axis.dim == -1)


def _laid(
    kernel: str,
    axis: Axis | None,
    arrays: tuple[Array | None, ...],
    constants: tuple[float, ...],
) -> tuple[Array, ...] | None:
    """Run a kernel on arrays along any axis, or in another order of axes than they are known by."""
    place, inputs, outputs = _KERNELS[kernel]
    given = tuple(map(_memory, arrays))
    first = given[0]
    if first is None or not first.size or not first.ndim or not _is_loaded(first.dtype):
        return None
    layout = Layout(first, axis)
    laid = tuple(map(layout.laid, inputs, given))
    if not all(map(_fits, inputs, laid, repeat(laid[0]), arrays)):
        return None
    results = tuple(layout.empty(letter, laid[0]) for letter in outputs)
    _native.run(place, layout.n, layout.inner, *laid, *results, *constants)
    found = tuple(map(layout.restored, outputs, results))
    tensors = is_torch_array(arrays[0])
    return tuple(map(sys.modules["torch"].from_numpy, found)) if tensors else found


def _memory(array: Array | None) -> np.ndarray | None:
    """Return the memory of a NumPy array or a torch tensor, or None if NumPy cannot have it."""
    if array is None or type(array) is np.ndarray:
        return array
    batched = sys.modules["torch"]._C._functorch.is_legacy_batchedtensor  # gradcheck's
    return None if dtype_name(array) == "bfloat16" or batched(array) else array.detach().numpy()


def _fits(letter: str, array: np.ndarray | None, first: np.ndarray, given: Array | None) -> bool:
    if array is None:
        return given is None
    if not (array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative):
        return False
    if array.dtype != (np.bool_ if letter == "b" else first.dtype):
        return False
    return letter == "r" or array.shape == first.shape


def _is_loaded(dtype: np.dtype) -> bool:
    return dtype.isnative and (dtype.char in "fde" or dtype.name == "bfloat16")


def takes(x: Any, out: Array | None = None) -> bool:
    """Tell whether kernels read an array as it lies, and may write a result like it to ``out``."""
    return AVAILABLE and readable(x) and _native.takes(x, out)


def duplicate(x: Array) -> Array:
    """Return an array that shares no memory with ``x``, where memory can be written to."""
    if not takes(x):
        return copied(x)
    y = _native.empty_like(x)
    y[...] = x
    return y


def losses(
    kernel: str,
    n: int,
    inner: int,
    *arrays: Array | None,
    constants: tuple[float, ...],
    gradient: bool,
    out: Array | None = None,
) -> tuple[np.ndarray, Array | None]:
    """Return a loss of each row in float64, and its gradient by the logits, the first array."""
    place, inputs, _ = _KERNELS[f"{kernel}_grad" if gradient else kernel]
    x: Any = arrays[0]
    wide = np.float64 if dtype_name(x) == "float64" else np.float32
    given = [
        a.astype(wide, copy=False) if letter == "c" and a is not None else a
        for letter, a in zip_longest(inputs, arrays)
    ]
    rows = np.empty(math.prod(x.shape) // n)
    if not gradient:
        _native.run(place, n, inner, *given, rows, *constants)
        return rows, None
    slope = _native.empty_like(x) if out is None else out
    _native.run(place, n, inner, *given, rows, slope, *constants)
    return rows, slope


def indices(target: Array, classes: int, ignored: int | None) -> tuple[Array, int] | None:
    """Return class indices with −1 for those to ignore, and how many are not.

    None if one is out of range, or the target is not a C-contiguous array of int64.
    """
    return _native.indices(target, classes, ignored)
