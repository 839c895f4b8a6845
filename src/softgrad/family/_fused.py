"""Cross-entropy of class indices by one kernel: no one-hot target, one pass for loss and gradient.

The graph that :func:`softgrad.cross_entropy` builds is the reference. This reads the same
arguments, takes only what it is sure of, and leaves everything else, mistakes included, to it.
"""

import sys
from typing import Any

import numpy as np

from softgrad import native
from softgrad._array import Array, dtype_name
from softgrad._out import wants

__all__ = ["fused_cross_entropy"]

Loss = tuple[Array, Array | None]
"""A loss, and its gradient by the logits if that was asked for."""

SIGNED = ("int8", "int16", "int32", "int64")


def fused_cross_entropy(
    *,
    gradient: bool,
    out: Array | None = None,
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
    """Return the loss of class indices along the last axis, or None where it is not so plain.

    The gradient is in ``out`` if the kernel can write there.
    """
    plain = (
        type(axis) is int
        and native.takes(logits)
        and logits.ndim > 1
        and axis in (-1, logits.ndim - 1)
        and type(temperature) in (int, float)
        and temperature == 1
        and softcap is bias is where is None
        and type(target) is type(logits)
        and target.shape == logits.shape[:-1]
        and reduction in ("mean", "sum")
        and type(label_smoothing) is type(z_loss) is float
        and 0 <= label_smoothing <= 1
        and z_loss >= 0
        and (ignore_index is None or type(ignore_index) is int)
        and (weight is None or _are_weights(weight, logits))
    )
    found = _indices(target, logits.shape[-1], ignore_index) if plain else None
    if found is None:
        return None
    index, active = found
    classes = logits.shape[-1]
    kept, spread = 1 - label_smoothing, label_smoothing / classes
    gains = offsets = None
    total, count = classes * spread, float(active)
    if weight is not None:
        wide = weight.astype(np.float64)
        own = np.where(index >= 0, wide[index], 0.0).reshape(-1)
        gains, count, total = kept * own, float(own.sum()), float(wide.sum()) * spread
        if spread:
            offsets = (spread * wide).astype(np.float64 if logits.dtype == np.float64 else "f4")
        spread = 0.0
    if reduction == "sum":
        count = 1.0
    elif count == 0:
        return None
    constants = (kept, spread, total, 1 / count, z_loss, z_loss / count)
    rows, slope = native.losses(
        logits,
        index,
        gains,
        offsets,
        constants,
        gradient=gradient,
        out=out if out is None or (wants(out) and native.takes(logits, out)) else None,
    )
    return _number(np.add.reduce(rows) / count, logits), slope


def _number(value: float, like: Array) -> Array:
    if type(like) is np.ndarray:
        return np.array(value, like.dtype)
    return sys.modules["torch"].tensor(value, dtype=like.dtype)


def _are_weights(weight: Any, x: Array) -> bool:
    if type(weight) is not np.ndarray:
        return False
    fits = weight.dtype == x.dtype and weight.shape == x.shape[-1:]
    return fits and bool((weight >= 0).all()) and bool(np.isfinite(weight).all())


def _indices(target: Array, classes: int, ignored: int | None) -> tuple[Array, int] | None:
    """Return the indices with −1 for those to ignore, and how many are not, if all are right."""
    found = native.indices(target, classes, ignored)
    if found is None and dtype_name(target) in SIGNED:
        wide = np.ascontiguousarray(target, np.int64)
        found = native.indices(wide, classes, ignored)
    return found
