"""Sums over long vectors a block at a time: no temporary is longer than a block."""

from collections.abc import Iterator

import numpy as np

__all__ = ["accumulate", "blocks", "norm", "norms", "rise"]

_BLOCK = 8192  # three blocks fit a core's own cache; BLAS does not start threads for so few


def blocks(size: int) -> Iterator[slice]:
    """Yield slices that cover ``range(size)``."""
    for start in range(0, size, _BLOCK):
        yield slice(start, start + _BLOCK)


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
    return sum(float(weights[s] @ _change(high, low, where, s)) for s in blocks(weights.size))


def accumulate(
    total: np.ndarray,
    factor: float,
    weights: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    where: np.ndarray | None,
) -> float:
    """Add ``factor`` (high − low) to ``total`` and return what :func:`rise` returns."""
    found = 0.0
    for s in blocks(weights.size):
        change = _change(high, low, where, s)
        found += float(weights[s] @ change)
        change *= factor
        total[s] += change
    return found


def _change(high: np.ndarray, low: np.ndarray, where: np.ndarray | None, s: slice) -> np.ndarray:
    change = high[s] - low[s]
    if where is not None:
        change[~where[s]] = 0.0
    return change
