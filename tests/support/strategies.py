"""Hypothesis strategies: shapes, axes and arrays in every memory layout."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

__all__ = ["LAYOUTS", "draws", "seeds", "shapes"]

seeds = st.integers(0, 2**32 - 1)
shapes = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


def _read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


def _strided(a: np.ndarray) -> np.ndarray:
    return np.repeat(a, 2, axis=-1)[..., ::2]


def _reversed(a: np.ndarray) -> np.ndarray:
    return np.flip(np.flip(a).copy())


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": _strided,
    "reversed": _reversed,
    "read-only": _read_only,
    "permuted": lambda a: np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0),
}
"""Ways in which the same numbers may lie in memory."""


def draws(seed: int, shape: tuple[int, ...], scale: float = 2.0) -> np.ndarray:
    """Return normal numbers; one in eight repeats its neighbour, so that ties occur."""
    rng = np.random.default_rng(seed)
    x = scale * rng.normal(size=shape)
    tied = rng.uniform(size=shape) < 0.125
    return np.where(tied, np.roll(x, 1), x)


def like(rng: np.random.Generator, a: Any) -> np.ndarray:
    """Return normal numbers of the shape of ``a``."""
    return rng.normal(size=np.shape(a))
