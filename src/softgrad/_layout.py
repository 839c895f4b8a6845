"""Where the axis lies in an array's memory, which kernels see as ``[outer, n, inner]``."""

from math import prod
from typing import Any

import numpy as np

from softgrad.axis import Axis

__all__ = ["Layout", "extents"]


def extents(shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    """Return how long a row is, and how far apart its entries lie, in a C-contiguous array."""
    axis %= len(shape)
    return shape[axis], prod(shape[axis + 1 :])


class Layout:
    """The order in which an array's axes lie in memory, if they fill it, and which one is meant.

    Parameters
    ----------
    x
        The array.
    axis
        Its axis, or None where no entry meets another.

    Attributes
    ----------
    n, inner
        How long a row is, and how far apart its entries are: 1 and 1 without an axis.
    """

    def __init__(self, x: np.ndarray, axis: Axis | None) -> None:
        self._keepdims = axis is not None and axis.keepdims
        self._order: list[int] | None = None
        shape = x.shape
        if not x.flags.c_contiguous:
            self._order = sorted(range(x.ndim), key=lambda k: -x.strides[k])
            shape = tuple(shape[k] for k in self._order)
        self.n = self.inner = 1
        if axis is not None and axis.dim is not None:
            self._dim = axis.dim + x.ndim
            self._place = self._dim if self._order is None else self._order.index(self._dim)
            self.n, self.inner = extents(shape, self._place)

    def laid(self, letter: str, array: Any) -> Any:
        """Return an array with its axes in memory's order; ``letter`` says if it has the rows'."""
        if self._order is None or type(array) is not np.ndarray:
            return array
        if letter == "r" and not self._keepdims:
            array = np.expand_dims(array, self._dim)
        return array.transpose(self._order) if array.ndim == len(self._order) else array

    def empty(self, letter: str, first: np.ndarray) -> np.ndarray:
        """Return room for a result, with its axes in memory's order, as ``first`` has them."""
        if letter in "xe":
            return np.empty_like(first)
        if letter == "m":
            return np.empty((*first.shape, self.n), first.dtype)
        kept = (1,) if self._keepdims or self._order else ()
        shape = first.shape[: self._place] + kept + first.shape[self._place + 1 :]
        return np.empty(shape, first.dtype if letter == "r" else np.float64)

    def restored(self, letter: str, result: np.ndarray) -> np.ndarray:
        """Return a result with its axes in the order they are known by."""
        if self._order is None:
            return result
        result = result.transpose(np.argsort(self._order))
        return result if letter in "xe" or self._keepdims else result.squeeze(self._dim)
