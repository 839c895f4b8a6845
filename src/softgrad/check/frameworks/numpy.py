"""NumPy: arrays only; the derivative is the caller's claim."""

from typing import Any

import numpy as np

from softgrad.check.frameworks.frame import Frame

__all__ = ["NumPy", "in_layout"]

_EXTRA_FLOATS = ("bfloat16", "float8")


class NumPy(Frame):
    """NumPy arrays, those with ml_dtypes' floats included."""

    name = "numpy"
    differentiates = False
    mutable = True
    strided = True

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is an array or an array scalar."""
        return isinstance(value, (np.ndarray, np.generic))

    def is_floating(self, value: Any) -> bool:
        """Return whether ``value`` is a real floating or a complex array."""
        if not self.is_array(value):
            return False
        kind = value.dtype.kind
        return kind in "fc" or (kind == "V" and value.dtype.name.startswith(_EXTRA_FLOATS))

    def host(self, value: Any) -> np.ndarray:
        """Return the array itself."""
        return np.asarray(value)

    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return a copy in the dtype of that name."""
        return np.array(values, dtype=_dtype(dtype))

    def like(self, values: np.ndarray, reference: Any, *, wide: bool = False) -> Any:
        """Return ``values`` in the reference's dtype and memory order."""
        dtype = reference.dtype
        if wide and self.is_floating(reference):
            dtype = np.dtype(np.complex128 if dtype.kind == "c" else np.float64)
        plain = reference.ndim == 0 or reference.flags.c_contiguous
        if plain or values.shape != reference.shape:
            return values.astype(dtype, order="C")
        out = np.empty_like(reference, dtype=dtype, subok=False)
        if not (reference.flags.forc or _is_dense(reference)):
            out = self.relayout(out, "strided")
        out[...] = values
        return out

    def relayout(self, value: Any, kind: str) -> Any:
        """Return the same values in another memory layout."""
        return in_layout(np.asarray(value), kind)

    def contiguous(self, value: Any) -> Any:
        """Return the array itself if it is contiguous, or a contiguous copy."""
        value = np.asarray(value)
        return value if value.flags.c_contiguous else np.ascontiguousarray(value)


def _dtype(name: str) -> np.dtype:
    """Return the dtype of that name, one of ml_dtypes' where NumPy does not know it."""
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))


def in_layout(array: np.ndarray, kind: str) -> np.ndarray:
    """Return a copy of ``array`` in Fortran order, strided, reversed, or offset in a buffer."""
    if array.ndim == 0:
        return array.copy()
    if kind == "fortran":
        return np.asfortranarray(array) if array.ndim > 1 else array.copy()
    if kind == "strided":
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if kind == "reversed":
        return np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    longer = np.zeros((array.shape[0] + 2, *array.shape[1:]), array.dtype)
    longer[2:] = array
    return longer[2:]


def _is_dense(array: np.ndarray) -> bool:
    order = sorted(range(array.ndim), key=lambda axis: abs(array.strides[axis]))
    expected = array.itemsize
    for axis in order:
        if array.shape[axis] > 1 and abs(array.strides[axis]) != expected:
            return False
        expected *= array.shape[axis]
    return True
