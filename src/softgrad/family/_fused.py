"""Losses by one kernel: no graph, no one-hot target, one pass for loss and gradient.

The graphs that :func:`softgrad.cross_entropy` and :func:`softgrad.binary_cross_entropy` build are
the reference. What is here reads the same arguments, takes only what it is sure of, and leaves
everything else, mistakes and losses that are not finite included, to them.
"""

from math import isfinite
from typing import Any

import numpy as np

from softgrad import native
from softgrad._layout import Layout
from softgrad.axis import Axis

__all__ = ["fused_binary_cross_entropy", "fused_cross_entropy"]

Loss = tuple[np.ndarray, np.ndarray | None]
"""A loss, and its gradient by the logits if that was asked for."""

LONG = 256
"""From which length on rows are summed one by one; shorter ones as one row of all entries."""


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
    **premap: Any,
) -> Loss | None:
    """Return the loss along an axis, or None where it is not so plain."""
    plain = (
        _is_plain(logits, label_smoothing, reduction, **premap)
        and logits.ndim > 1
        and type(axis) is int
        and -logits.ndim <= axis < logits.ndim
        and type(target) is np.ndarray
        and type(z_loss) is float
        and z_loss >= 0
        and (weight is None or _are_weights(weight, logits, (logits.shape[axis],)))
    )
    if not plain:
        return None
    layout = Layout(logits, Axis(axis if axis < 0 else axis - logits.ndim))
    n = layout.n
    wide = None if weight is None else weight.astype(np.float64)
    spread = label_smoothing / n
    total = spread * (n if wide is None else float(wide.sum()))
    if native.takes(target):
        if target.dtype != logits.dtype or target.shape != logits.shape:
            return None
        kernel, count, given = "soft_cross_entropy", float(logits.size // n), (target, wide)
    else:
        index = _indices(target, logits, axis, ignore_index)
        if index is None:
            return None
        kernel = "cross_entropy"
        count, given = _weighing(index, wide, 1 - label_smoothing, spread)
        spread = 0.0 if wide is not None else spread
    if reduction == "sum":
        count = 1.0
    elif count == 0:
        return None
    constants = (1 - label_smoothing, spread, total, 1 / count, z_loss, z_loss / count)
    loss = _loss(
        kernel, layout, logits, *given, constants=constants, count=count, gradient=gradient
    )
    return loss if kernel == "cross_entropy" or isfinite(loss[0]) else None


def fused_binary_cross_entropy(
    *,
    gradient: bool,
    logits: Any,
    target: Any,
    weight: Any,
    pos_weight: Any,
    label_smoothing: Any,
    reduction: Any,
    **premap: Any,
) -> Loss | None:
    """Return the loss of all entries, or None where it is not so plain."""
    plain = (
        _is_plain(logits, label_smoothing, reduction, **premap)
        and native.takes(target)
        and target.dtype == logits.dtype
        and target.shape == logits.shape
        and all(w is None or _are_weights(w, logits, logits.shape) for w in (weight, pos_weight))
    )
    if not plain:
        return None
    given = [w if w is None else np.ascontiguousarray(w) for w in (weight, pos_weight)]
    rows = logits if logits.shape[-1] >= LONG else logits.reshape(-1)
    count = 1.0 if reduction == "sum" else float(logits.size)
    constants = (1 - label_smoothing, label_smoothing / 2, 1.0, 1.0, 1 / count)
    loss = _loss(
        "binary_cross_entropy",
        Layout(rows, Axis(-1)),
        logits,
        target,
        *given,
        constants=constants,
        count=count,
        gradient=gradient,
    )
    return loss if isfinite(loss[0]) else None


def _is_plain(
    logits: Any,
    label_smoothing: Any,
    reduction: Any,
    *,
    temperature: Any,
    softcap: Any,
    bias: Any,
    where: Any,
) -> bool:
    return (
        native.takes(logits)
        and type(temperature) in (int, float)
        and temperature == 1
        and softcap is bias is where is None
        and reduction in ("mean", "sum")
        and type(label_smoothing) is float
        and 0 <= label_smoothing <= 1
    )


def _loss(
    kernel: str,
    layout: Layout,
    *arrays: Any,
    constants: tuple[float, ...],
    count: float,
    gradient: bool,
) -> Loss:
    rows, slope = native.losses(kernel, layout, *arrays, constants=constants, gradient=gradient)
    return np.asarray(rows.sum() / count).astype(arrays[0].dtype), slope


def _are_weights(weight: Any, x: np.ndarray, shape: tuple[int, ...]) -> bool:
    fits = type(weight) is np.ndarray and weight.dtype == x.dtype and weight.shape == shape
    return fits and bool((weight >= 0).all()) and bool(np.isfinite(weight).all())


def _indices(target: np.ndarray, logits: np.ndarray, axis: int, ignored: Any) -> np.ndarray | None:
    """Return the indices with −1 for those to ignore, or None if they are not such as they are."""
    shape = list(logits.shape)
    classes = shape.pop(axis)
    if target.dtype.kind != "i" or target.shape != tuple(shape):
        return None
    if ignored is not None and type(ignored) is not int:
        return None
    index = np.ascontiguousarray(target, np.int64).reshape(-1)
    stray = (index < 0) | (index >= classes)
    if ignored is not None:
        skipped = index == ignored
        if skipped.any():
            index = np.where(skipped, -1, index)
            stray &= ~skipped
    return None if stray.any() else index


def _weighing(
    index: np.ndarray, weight: np.ndarray | None, kept: float, spread: float
) -> tuple[float, tuple[np.ndarray | None, ...]]:
    """Return what a mean divides by, and the indices with their gains and offsets."""
    active = index >= 0
    if weight is None:
        return float(active.sum()), (index, None, None)
    own = np.where(active, weight[index], 0.0)
    return float(own.sum()), (index, kept * own, spread * weight if spread else None)
