"""Cross-entropy of class indices by one kernel: no one-hot target, one pass for loss and gradient.

The graph that :func:`softgrad.cross_entropy` builds is the reference. This reads the same
arguments, takes only what it is sure of, and leaves everything else, mistakes included, to it.
"""

from typing import Any

import numpy as np

from softgrad import native

__all__ = ["fused_cross_entropy"]

Loss = tuple[np.ndarray, np.ndarray | None]
"""A loss, and its gradient by the logits if that was asked for."""


def fused_cross_entropy(
    *,
    gradient: bool,
    logits: Any,
    target: Any,
    axis: Any,
    weight: Any,
    label_smoothing: Any,
    ignore_index: Any,
    z_loss: Any,
    reduction: Any,
    temperature: Any,
    softcap: Any,
    bias: Any,
    where: Any,
) -> Loss | None:
    """Return the loss of class indices, or None where it is not so plain."""
    plain = (
        native.takes(logits)
        and logits.ndim > 1
        and type(axis) is int
        and -logits.ndim <= axis < logits.ndim
        and type(temperature) in (int, float)
        and temperature == 1
        and softcap is bias is where is None
        and type(target) is np.ndarray
        and target.dtype.kind == "i"
        and target.shape == _without(axis, logits.shape)
        and reduction in ("mean", "sum")
        and type(label_smoothing) is type(z_loss) is float
        and 0 <= label_smoothing <= 1
        and z_loss >= 0
        and (ignore_index is None or type(ignore_index) is int)
        and (weight is None or _are_weights(weight, logits, axis))
    )
    index = _indices(target, logits.shape[axis], ignore_index) if plain else None
    if index is None:
        return None
    classes = logits.shape[axis]
    active = index >= 0
    kept, spread = 1 - label_smoothing, label_smoothing / classes
    gains = offsets = None
    total = classes * spread
    count = float(active.sum())
    if weight is not None:
        wide = weight.astype(np.float64)
        own = np.where(active, wide[index], 0.0)
        gains, count, total = kept * own, float(own.sum()), float(wide.sum()) * spread
        offsets = spread * wide if spread else None
        spread = 0.0
    if reduction == "sum":
        count = 1.0
    elif count == 0:
        return None
    constants = (kept, spread, total, 1 / count, z_loss, z_loss / count)
    dim = axis if axis < 0 else axis - logits.ndim
    rows, slope = native.losses(logits, dim, index, gains, offsets, constants, gradient=gradient)
    return np.asarray(rows.sum() / count).astype(logits.dtype), slope


def _without(axis: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:axis] + shape[axis % len(shape) + 1 :]


def _are_weights(weight: Any, x: np.ndarray, axis: int) -> bool:
    fits = type(weight) is np.ndarray and weight.dtype == x.dtype
    fits = fits and weight.shape == (x.shape[axis],)
    return fits and bool((weight >= 0).all()) and bool(np.isfinite(weight).all())


def _indices(target: np.ndarray, classes: int, ignored: int | None) -> np.ndarray | None:
    """Return the indices with −1 for those to ignore, or None if one is out of range."""
    index = np.ascontiguousarray(target, np.int64).reshape(-1)
    stray = (index < 0) | (index >= classes)
    if ignored is not None:
        skipped = index == ignored
        if skipped.any():
            index = np.where(skipped, -1, index)
            stray &= ~skipped
    return None if stray.any() else index
