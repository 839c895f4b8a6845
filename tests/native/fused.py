"""Fused losses beside the graphs that they stand in for."""

from typing import Any

import ml_dtypes
import numpy as np

import softgrad
from softgrad.function import Function

__all__ = ["DTYPES", "at_once", "close", "graph"]

DTYPES = {
    "float32": (np.float32, 2e-6),
    "float64": (np.float64, 1e-14),
    "float16": (np.float16, 1e-3),
    "bfloat16": (ml_dtypes.bfloat16, 8e-3),
}
"""Each dtype, and an error that its results may have relative to the largest of their terms."""


def _wide(a: Any) -> Any:
    floating = isinstance(a, np.ndarray) and a.dtype in [kind for kind, _ in DTYPES.values()]
    return a.astype(np.float64) if floating else a


def graph(loss: Function, x: np.ndarray, target: np.ndarray, options: dict) -> tuple:
    """Return what the graph gives in float64."""
    fused, loss.fused = loss.fused, None
    try:
        options = {name: _wide(value) for name, value in options.items()}
        return softgrad.value_and_grad(loss, _wide(x), _wide(target), **options)
    finally:
        loss.fused = fused


def at_once(loss: Function, given: dict, *, gradient: bool) -> tuple | None:
    """Return what the fused form makes of these arguments."""
    return loss.fused(gradient=gradient, **loss._filled((), given))


def close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    """Tell whether results are the same to within the tolerance, relative to the largest."""
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max(initial=0)))
    return np.allclose(found, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
