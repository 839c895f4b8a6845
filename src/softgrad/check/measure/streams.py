"""Sums over long vectors a block at a time: no temporary is longer than a block."""

from collections.abc import Iterable

import numpy as np

__all__ = ["accumulate", "blocks", "norm", "norms", "rise"]

_BLOCK = 8192  # three blocks fit a core's own cache; BLAS does not start threads for so few
_ONE = (slice(None),)


def blocks(size: int) -> Iterable[slice]:
    """Return slices that cover ``range(size)``."""
    if size <= _BLOCK:
        return _ONE
    return (slice(start, start + _BLOCK) for start in range(0, size, _BLOCK))


def norm(a: np.ndarray) -> float:
    """Return ‖a‖."""
    return sum(float(a[s] @ a[s]) for s in blocks(a.size)) ** 0.5


def norms(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """Return √Σ(ab)², Σ ab and Σ|ab|."""
    square = total = size = 0.0
    for s in blocks(a.size):
        product = a[s] * b[s]
        square += float(product @ product)
        total += float(product.sum())
        size += float(np.abs(product, out=product).sum())
    return square**0.5, total, size


def rise(weights: np.ndarray, high: np.ndarray, low: np.ndarray, where: np.ndarray | None) -> float:
    """Return Σ weights (high − low) over the entries marked."""
    return accumulate(None, 0.0, weights, high, low, where)


def accumulate(
    total: np.ndarray | None,
    factor: float,
    weights: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    where: np.ndarray | None,
) -> float:
    """Add ``factor`` (high − low) to ``total`` and return Σ weights (high − low)."""
    found = 0.0
    for s in blocks(weights.size):
        change = high[s] - low[s]
        if where is not None:
            change[~where[s]] = 0.0
        found += float(weights[s] @ change)
        if total is not None:
            change *= factor
            total[s] += change
    return found
