"""Arrays laid end to end in one float64 vector; a complex entry is two neighbours."""

from collections.abc import Iterable, Mapping
from math import prod

import numpy as np

__all__ = ["Layout", "Shape", "flat", "paired", "unpaired"]

Shape = tuple[int, ...]


def paired(array: np.ndarray) -> np.ndarray:
    """Return a complex array as a real one with a last axis (real part, imaginary part)."""
    if array.dtype.kind != "c":
        return array
    dense = np.ascontiguousarray(array, dtype=np.complex128)
    return dense.view(np.float64).reshape(*array.shape, 2)


def unpaired(array: np.ndarray) -> np.ndarray:
    """Undo :func:`paired`."""
    dense = np.ascontiguousarray(array, dtype=np.float64)
    return dense.view(np.complex128).reshape(array.shape[:-1])


def flat(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Return arrays as one float64 vector, without a copy where there is only one."""
    parts = [np.asarray(a).reshape(-1).astype(np.float64, copy=False) for a in arrays]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0)


class Layout:
    """Where each named array lies in a flat vector.

    Parameters
    ----------
    shapes
        The shapes by name, those of complex arrays with their last axis of length two.
    """

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = dict(shapes)
        self.slices: dict[str, slice] = {}
        self.size = 0
        for name, shape in self.shapes.items():
            self.slices[name] = slice(self.size, self.size + prod(shape))
            self.size += prod(shape)

    def split(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        """Return a flat vector as arrays by name: views."""
        return {name: vector[s].reshape(self.shapes[name]) for name, s in self.slices.items()}
