"""The compiled row kernels, where the build has them; the portable path stays the reference."""

from collections.abc import Callable

import numpy as np

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.declare import Member

try:
    from softgrad import _native
except ImportError:  # built with SOFTGRAD_NATIVE=0
    _native = None

__all__ = ["AVAILABLE", "kernel_for"]

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
    fits = all(a is not None and a.flags.c_contiguous and a.flags.aligned and a.size for a in operands)
    return kernel if fits and operands[0].dtype.char in "fd" else None
