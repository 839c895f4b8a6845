"""Losses by one kernel: no graph, no one-hot target, one pass for loss and gradient.

The graphs that :func:`softgrad.cross_entropy` and :func:`softgrad.binary_cross_entropy` build are
the reference. What is here reads the same arguments, takes only what it is sure of, and leaves
everything else, mistakes and losses that are not finite included, to them.
"""

import sys
from math import isfinite, prod
from typing import Any

import numpy as np

from softgrad import native
from softgrad._array import Array, dtype_name
from softgrad._layout import extents
from softgrad._out import wants

__all__ = ["fused_binary_cross_entropy", "fused_cross_entropy"]

Loss = tuple[Array, Array | None]
"""A loss, and its gradient by the logits if that was asked for."""

LONG = 256
"""From which length on rows are summed one by one; shorter ones as one row of all entries."""

SIGNED = ("int8", "int16", "int32", "int64")


def fused_cross_entropy(
    *,
    gradient: bool,
    out: Any = None,
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
    """Return the loss along an axis, or None where it is not so plain.

    The gradient is in ``out`` if the kernel can write there.
    """
    plain = (
        type(axis) is int
        and _is_plain(logits, target, label_smoothing, reduction, **premap)
        and logits.ndim > 1
        and -logits.ndim <= axis < logits.ndim
        and type(z_loss) is float
        and z_loss >= 0
        and (weight is None or _are_weights(weight, logits, (logits.shape[axis],)))
    )
    if not plain:
        return None
    n, inner = extents(logits.shape, axis)
    wide = None if weight is None else weight.astype(np.float64)
    spread = label_smoothing / n
    total = spread * (n if wide is None else float(wide.sum()))
    if native.takes(target):
        if not _are_alike(target, logits):
            return None
        kernel, count, given = "soft_cross_entropy", prod(logits.shape) / n, (target, wide)
    else:
        found = _indices(target, logits, axis, ignore_index)
        if found is None:
            return None
        kernel = "cross_entropy"
        count, given = _weighing(*found, wide, 1 - label_smoothing, spread)
        spread = 0.0 if wide is not None else spread
    if reduction == "sum":
        count = 1.0
    elif count == 0:
        return None
    constants = (1 - label_smoothing, spread, total, 1 / count, z_loss, z_loss / count)
    rows = (n, inner, logits, *given)
    loss = _loss(kernel, *rows, constants=constants, count=count, gradient=gradient, out=out)
    return loss if kernel == "cross_entropy" or isfinite(loss[0]) else None


def fused_binary_cross_entropy(
    *,
    gradient: bool,
    out: Any = None,
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
        _is_plain(logits, target, label_smoothing, reduction, **premap)
        and native.takes(target)
        and _are_alike(target, logits)
        and all(w is None or _are_weights(w, logits, logits.shape) for w in (weight, pos_weight))
    )
    if not plain:
        return None
    given = (w if w is None else np.ascontiguousarray(w) for w in (weight, pos_weight))
    size = prod(logits.shape)
    n = logits.shape[-1] if logits.shape[-1] >= LONG else size
    count = 1.0 if reduction == "sum" else float(size)
    constants = (1 - label_smoothing, label_smoothing / 2, 1.0, 1.0, 1 / count)
    rows = ("binary_cross_entropy", n, 1, logits, target, *given)
    loss = _loss(*rows, constants=constants, count=count, gradient=gradient, out=out)
    return loss if isfinite(loss[0]) else None


def _is_plain(
    logits: Any,
    target: Any,
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
        and type(target) is type(logits)
        and type(temperature) in (int, float)
        and temperature == 1
        and softcap is bias is where is None
        and reduction in ("mean", "sum")
        and type(label_smoothing) is float
        and 0 <= label_smoothing <= 1
    )


def _loss(
    kernel: str,
    n: int,
    inner: int,
    logits: Array,
    *arrays: Array | None,
    constants: tuple[float, ...],
    count: float,
    gradient: bool,
    out: Array | None,
) -> Loss:
    fits = out is None or (wants(out) and native.takes(logits, out))
    rows, slope = native.losses(
        kernel,
        n,
        inner,
        logits,
        *arrays,
        constants=constants,
        gradient=gradient,
        out=out if fits else None,
    )
    return _number(np.add.reduce(rows) / count, logits), slope


def _number(value: float, like: Array) -> Array:
    if type(like) is np.ndarray:
        return np.array(value, like.dtype)
    return sys.modules["torch"].tensor(value, dtype=like.dtype)


def _are_alike(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape


def _are_weights(weight: Any, x: Array, shape: tuple[int, ...]) -> bool:
    if type(weight) is not np.ndarray or weight.dtype != x.dtype or weight.shape != tuple(shape):
        return False
    return bool((weight >= 0).all()) and bool(np.isfinite(weight).all())


def _indices(target: Array, logits: Array, axis: int, ignored: Any) -> tuple[Array, int] | None:
    """Return the indices with −1 for those to ignore, and how many are not, if all are right."""
    shape = list(logits.shape)
    classes = shape.pop(axis)
    if target.shape != tuple(shape) or not (ignored is None or type(ignored) is int):
        return None
    found = native.indices(target, classes, ignored)
    if found is None and dtype_name(target) in SIGNED:
        found = native.indices(np.ascontiguousarray(target, np.int64), classes, ignored)
    return found


def _weighing(
    index: Array, active: int, weight: np.ndarray | None, kept: float, spread: float
) -> tuple[float, tuple[Array | None, ...]]:
    """Return what a mean divides by, and the indices with their gains and offsets."""
    if weight is None:
        return float(active), (index, None, None)
    own = np.where(index >= 0, weight[index], 0.0).reshape(-1)
    return float(own.sum()), (index, kept * own, spread * weight if spread else None)
