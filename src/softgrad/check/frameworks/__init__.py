"""What the checker asks of an array library; one file per library, imported by array type."""

import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, Protocol

import numpy as np

__all__ = ["Frame", "Inputs", "frame_of"]

Inputs = Mapping[str, Any]


class Frame(Protocol):
    """One array library, seen as float64 NumPy arrays going in and out."""

    name: str

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is an array of this library."""
        ...

    def is_floating(self, value: Any) -> bool:
        """Return whether ``value`` is a real floating array."""
        ...

    def dtype_name(self, value: Any) -> str:
        """Return the name of the array's dtype, such as ``"float32"``."""
        ...

    def to_numpy(self, value: Any) -> np.ndarray:
        """Return a NumPy copy, float64 where the array is floating."""
        ...

    def like(self, values: np.ndarray, reference: Any, *, wide: bool = False) -> Any:
        """Return a fresh array holding ``values``, in the reference's dtype and memory order.

        With ``wide`` a floating array is float64.
        """
        ...

    def relayout(self, value: Any, kind: str) -> Any:
        """Return the same values in another memory layout: fortran, strided or offset."""
        ...

    def contiguous(self, value: Any) -> Any:
        """Return the array itself if it is contiguous, or a contiguous copy."""
        ...

    def widened(self) -> AbstractContextManager[Any]:
        """Return a context in which float64 is available."""
        ...

    def seeded(self) -> Callable[[], None]:
        """Return a function that puts the library's global random state back to what it is now."""
        ...

    def pullback(
        self, call: Callable, inputs: Inputs, wrt: Iterable[str], g: list[np.ndarray]
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the library's own gradients by name, and what was written into.

        Libraries without differentiation raise ``NotImplementedError``.
        """
        ...

    def push(
        self, call: Callable, inputs: Inputs, tangents: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Return the library's own forward-mode derivative of the floating outputs."""
        ...

    def second(
        self,
        call: Callable,
        inputs: Inputs,
        g: list[np.ndarray],
        tangents: Mapping[str, np.ndarray],
    ) -> dict[str, np.ndarray]:
        """Return the library's own derivative along ``tangents`` of the gradient of ⟨g, f⟩."""
        ...

    def saved_overwritten(
        self, call: Callable, inputs: Inputs, wrt: Iterable[str], g: list[np.ndarray]
    ) -> bool:
        """Return whether an array kept for the backward pass was changed before its use."""
        ...


def frame_of(values: Iterable[Any]) -> Frame:
    """Return the library of the arrays among ``values``: torch or JAX if one is theirs, or NumPy.

    Nothing is imported that the caller has not imported already.
    """
    roots = {type(value).__module__.partition(".")[0] for value in values}
    if "torch" in roots and "torch" in sys.modules:
        return import_module("softgrad.check.frameworks.torch").Torch()
    if roots & {"jax", "jaxlib"} and "jax" in sys.modules:
        return import_module("softgrad.check.frameworks.jax").Jax()
    return import_module("softgrad.check.frameworks.numpy").NumPy()
