"""NumPy: arrays only; the derivative is the caller's claim."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

__all__ = ["NumPy", "in_layout"]

_EXTRA_FLOATS = ("bfloat16", "float8")


class NumPy:
    """NumPy arrays, those with ml_dtypes' floats included."""

    name = "numpy"

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is an array or an array scalar."""
        return isinstance(value, (np.ndarray, np.generic))

    def is_floating(self, value: Any) -> bool:
        """Return whether ``value`` is a real floating array."""
        return self.is_array(value) and (
            value.dtype.kind == "f" or value.dtype.name.startswith(_EXTRA_FLOATS)
        )

    def dtype_name(self, value: Any) -> str:
        """Return the dtype's name."""
        return np.asarray(value).dtype.name

    def to_numpy(self, value: Any) -> np.ndarray:
        """Return a copy, float64 where floating."""
        array = np.asarray(value)
        return array.astype(np.float64) if self.is_floating(array) else array.copy()

    def like(self, values: np.ndarray, reference: Any, *, wide: bool = False) -> Any:
        """Return ``values`` in the reference's dtype and memory order."""
        reference = np.asarray(reference)
        wide = wide and self.is_floating(reference)
        dtype = np.dtype(np.float64) if wide else reference.dtype
        if values.shape != reference.shape or reference.ndim == 0:
            return np.array(values, dtype=dtype)
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

    def widened(self) -> Any:
        """Return a context that does nothing: float64 is always there."""
        return nullcontext()

    def seeded(self) -> Callable[[], None]:
        """Return a function that restores NumPy's global random state."""
        state = np.random.get_state()
        return lambda: np.random.set_state(state)

    def pullback(self, call: Any, inputs: Any, wrt: Any, g: Any) -> Any:
        """NumPy has no differentiation."""
        raise NotImplementedError

    def push(self, call: Any, inputs: Any, tangents: Any) -> Any:
        """NumPy has no differentiation."""
        raise NotImplementedError

    def second(self, call: Any, inputs: Any, g: Any, tangents: Any) -> Any:
        """NumPy has no differentiation."""
        raise NotImplementedError

    def saved_overwritten(self, call: Any, inputs: Any, wrt: Any, g: Any) -> bool:
        """NumPy keeps nothing."""
        return False


def in_layout(array: np.ndarray, kind: str) -> np.ndarray:
    """Return a copy of ``array`` that is Fortran ordered, strided, or offset in a larger buffer."""
    if array.ndim == 0:
        return array.copy()
    if kind == "fortran":
        return np.asfortranarray(array) if array.ndim > 1 else array.copy()
    if kind == "strided":
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
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
