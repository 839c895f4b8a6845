"""The compiled row kernels, where the build has them; portable code stays the reference.

A kernel is known by name. What arrays it reads and writes it says itself, in the letters of
``native/kernels.hpp``; here they are looked up, checked for fitting as they lie, and allocated.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import repeat, zip_longest
from typing import Any

import numpy as np

from softgrad._array import Array, as_numpy, is_torch_array
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
    "get_num_threads",
    "has",
    "losses",
    "rows",
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


def applier(kernel: str, constants: tuple[float, ...]) -> Callable[[Any], Any] | None:
    """Return what runs a kernel of one array along the last axis, if there is such a kernel.

    It gives None for whatever the kernel does not take as it lies.
    """
    if not has(kernel) or len(_KERNELS[kernel][1]) > 1:
        return None
    place = _KERNELS[kernel][0]
    if not constants:
        return partial(_native.apply, place)
    return lambda x: _native.apply(place, x, *constants)


def rows(
    kernel: str, axis: Axis | None, *arrays: Array | None, constants: tuple[float, ...] = ()
) -> tuple[Array, ...] | None:
    """Run a kernel along the axis and return its outputs, or None if that is not possible.

    It is not if there is no such kernel, or an array is not one of the first one's shape and dtype
    (masks: boolean) that fills its memory in the same order of axes, NumPy's or torch's, in whose
    derivative nobody has an interest. An elementwise kernel needs no axis.
    """
    if not has(kernel):
        return None
    place, inputs, outputs = _KERNELS[kernel]
    if inputs[0] != "e" and (axis is None or axis.dim is None):
        return None
    tensors = is_torch_array(arrays[0])
    given = as_numpy(arrays) if tensors else arrays
    if given is None or type(given[0]) is not np.ndarray:
        return None
    layout = Layout(given[0], axis)
    laid = tuple(map(layout.laid, inputs, given))
    if not all(map(_fits, inputs, laid, repeat(laid[0]))):
        return None
    results = tuple(layout.empty(letter, laid[0]) for letter in outputs)
    _native.run(place, layout.n, layout.inner, *laid, *results, *constants)
    found = tuple(map(layout.restored, outputs, results))
    return tuple(map(sys.modules["torch"].from_numpy, found)) if tensors else found


def takes(x: Any) -> bool:
    """Tell whether there are kernels, and an array lies in memory as they read it."""
    if not AVAILABLE or type(x) is not np.ndarray or not x.size or not x.ndim:
        return False
    return _is_loaded(x.dtype) and x.flags.c_contiguous and x.flags.aligned


def losses(
    kernel: str,
    layout: Layout,
    *arrays: np.ndarray | None,
    constants: tuple[float, ...],
    gradient: bool,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a loss of each row in float64, and its gradient by the logits, the first array."""
    place, inputs, _ = _KERNELS[f"{kernel}_grad" if gradient else kernel]
    x = arrays[0]
    assert x is not None
    wide = np.float64 if x.dtype == np.float64 else np.float32
    given = [
        a if a is None else a.astype(wide, copy=False) if letter == "c" else _bits(a)
        for letter, a in zip_longest(inputs, arrays)
    ]
    rows = np.empty(x.size // layout.n)
    if not gradient:
        _native.run(place, layout.n, layout.inner, *given, rows, *constants)
        return rows, None
    slope = np.empty_like(x)
    _native.run(place, layout.n, layout.inner, *given, rows, _bits(slope), *constants)
    return rows, slope


def _is_loaded(dtype: np.dtype) -> bool:
    return dtype.isnative and (dtype.char in "fde" or dtype.name == "bfloat16")


def _bits(x: np.ndarray) -> np.ndarray:
    """Return what the module takes: bfloat16, which NumPy does not know, as its bits."""
    return x.view(np.uint16) if x.dtype.name == "bfloat16" else x


def _fits(letter: str, array: Any, first: Any) -> bool:
    if array is None:
        return True
    if type(array) is not np.ndarray or not (array.flags.c_contiguous and array.flags.aligned):
        return False
    if not array.dtype.isnative:
        return False
    kind = "?" if letter == "b" else first.dtype.char
    if kind not in "fd?" or array.dtype.char != kind or not array.size:
        return False
    return letter == "r" or array.shape == first.shape
