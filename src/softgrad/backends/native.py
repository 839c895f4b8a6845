"""The compiled row kernels, where the build has them; the portable path stays the reference."""

from collections.abc import Callable
from typing import Any

import numpy as np

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.declare import Member

try:
    from softgrad import _native as _module
except ImportError:  # built with SOFTGRAD_NATIVE=0
    _module = None

__all__ = ["AVAILABLE", "kernel_for"]

_native: Any = _module

AVAILABLE = _native is not None
"""Whether the native module was built."""


def _softmax(x: np.ndarray) -> tuple[np.ndarray]:
    out = np.empty_like(x)
    _native.softmax(x, out)
    return (out,)


KERNELS: dict[str, Callable[..., tuple[np.ndarray, ...]]] = {"softmax": _softmax}
"""Kernels by member; each takes the operands of the member's ``solve`` and returns its fields."""


def kernel_for(
    member: Member, axis: Axis | None, operands: tuple[Array | None, ...]
) -> Callable[..., tuple[np.ndarray, ...]] | None:
    """Return the kernel that may run these operands, or None."""
    kernel = KERNELS.get(member.name)
    if not AVAILABLE or kernel is None or axis is None or axis.dim != -1:
        return None
    return kernel if all(_fits(a) for a in operands) else None


def _fits(a: Array | None) -> bool:
    """Tell whether an operand is float32 or float64, not empty, and lies row after row."""
    if a is None or a.dtype.char not in "fd" or not a.size:
        return False
    return a.flags.c_contiguous and a.flags.aligned
