"""The array libraries the tests run on, and how each of them makes and reads an array."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from softgrad.declare.numerics import EPSILON, NORMAL, TINY

__all__ = ["EPSILON", "LIBRARIES", "Library", "TINY", "library_params", "numbers", "rounded"]


@dataclass(frozen=True)
class Library:
    """An array library in one of its modes.

    Parameters
    ----------
    name
        What the tests call it.
    module
        What must be importable.
    dtypes
        The floating dtypes it has in this mode.
    make
        ``make(numpy array, dtype name) -> array``.
    mode
        The context in which it runs.
    flushes
        Whether results below the smallest normal number may become 0.
    """

    name: str
    module: str
    dtypes: tuple[str, ...]
    make: Callable[[np.ndarray, str], Any]
    mode: Callable[[], AbstractContextManager] = nullcontext
    flushes: bool = False

    def array(self, a: Any, dtype: str | None = None) -> Any:
        """Return an array; floating ones in ``dtype``, integers and booleans as they are."""
        a = np.asarray(a)
        kind = {"i": "int64", "b": "bool"}.get(a.dtype.kind) or dtype or "float64"
        return self.make(a, kind)

    def tiny(self, dtype: str) -> float:
        """Return the smallest number that is told from 0."""
        return (NORMAL if self.flushes else TINY)[dtype]


def numpy_dtype(name: str) -> np.dtype:
    """Return NumPy's dtype of a name, bfloat16 included."""
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def _torch(a: np.ndarray, dtype: str) -> Any:
    import torch

    return torch.tensor(np.array(a)).to(getattr(torch, dtype))


def _jax(a: np.ndarray, dtype: str) -> Any:
    import jax
    import jax.numpy as jnp

    narrow = {"int64": "int32"} if not jax.config.jax_enable_x64 else {}
    return jnp.asarray(a.astype(numpy_dtype(narrow.get(dtype, dtype))))


def _strict(a: np.ndarray, dtype: str) -> Any:
    import array_api_strict as xp

    return xp.asarray(a, dtype=getattr(xp, dtype))


@contextmanager
def _x64(on: bool) -> Iterator[None]:
    import jax

    with jax.enable_x64(on):
        yield


NUMPY = Library("numpy", "numpy", ("float32", "float64"), lambda a, d: a.astype(numpy_dtype(d)))
TORCH = Library("torch", "torch", ("float32", "float64"), _torch)
JAX32 = Library("jax32", "jax", ("float32",), _jax, lambda: _x64(False), flushes=True)
JAX64 = Library("jax64", "jax", ("float32", "float64"), _jax, lambda: _x64(True), flushes=True)
STRICT = Library("strict", "array_api_strict", ("float32", "float64"), _strict)

LIBRARIES = (NUMPY, TORCH, JAX32, JAX64, STRICT)


@cache
def _installed(module: str) -> bool:
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def library_params(*chosen: Library, dtypes: bool = True) -> list:
    """Return pytest parameters: each library, or each library with each of its dtypes."""
    params = []
    for library in chosen or LIBRARIES:
        skip = pytest.mark.skipif(
            not _installed(library.module), reason=f"{library.module} is not installed"
        )
        if not dtypes:
            params.append(pytest.param(library, id=library.name, marks=skip))
            continue
        for dtype in library.dtypes:
            params.append(pytest.param(library, dtype, id=f"{library.name}-{dtype}", marks=skip))
    return params


def numbers(a: Any) -> np.ndarray:
    """Return an array's values as float64 (booleans and integers as they are)."""
    if hasattr(a, "detach"):
        a = a.detach()
        a = a.double().numpy() if a.is_floating_point() else a.numpy()
    a = np.asarray(a)
    return a if a.dtype.kind in "biu" else a.astype(np.float64)


def rounded(a: Any, dtype: str) -> np.ndarray:
    """Return float64 values that ``dtype`` can hold."""
    return np.asarray(a, dtype=np.float64).astype(numpy_dtype(dtype)).astype(np.float64)
