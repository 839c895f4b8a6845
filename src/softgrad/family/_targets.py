"""Targets of a classification loss: class indices or probabilities, as one array of weights."""

from dataclasses import dataclass
from numbers import Integral
from types import NoneType

import numpy as np

from softgrad._array import Array, device, dtype_name, is_array, namespace, peek, possible
from softgrad.axis import Axis
from softgrad.declare import Leaf, Node
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.family._arguments import coefficients, number
from softgrad.family._reduction import MIX

__all__ = ["Targets", "class_weights", "targets", "unit_interval"]


@dataclass(frozen=True)
class Targets:
    """What a row asks for.

    Parameters
    ----------
    weights
        q, the coefficient of each class's log-probability.
    active
        1 for rows that count, 0 for ignored ones, in the shape of one number per row.
    count
        What the mean over all rows divides by.
    counts
        Mask of the logits whose rows count, or None where all are seen to.
    """

    weights: Node | Leaf
    active: Array
    count: Array
    counts: Array | None = None


def targets(
    target: Leaf | Array,
    logits: Leaf,
    axis: Axis,
    *,
    weight: Array | None,
    smoothing: float,
    ignore_index: int | None,
    where: Array | None,
) -> Targets:
    """Return q = w∘((1 − ε) y + ε u): weighted, smoothed targets; u is uniform over the classes."""
    xp = namespace(logits.array)
    dimension = logits.array.ndim + axis.dim
    rows = tuple(n for i, n in enumerate(logits.array.shape) if i != dimension)
    if isinstance(target, Leaf):
        _check_shape(target.array, tuple(logits.array.shape), "probabilities")
        y: Leaf = target
        active = xp.ones(rows, dtype=target.array.dtype, device=device(target.array))
        counts = None
        count = xp.sum(active)
    else:
        y, active, count, counts = _from_indices(target, logits, axis, rows, weight, ignore_index)
    if weight is None and smoothing == 0 and where is None:
        return Targets(y, active, count, counts)
    full = xp.ones_like(logits.array)
    exists = full if where is None else xp.astype(where, full.dtype)
    w = full if weight is None else weight * full
    classes = axis.sum(exists)
    uniform = exists / xp.where(classes == 0, xp.ones_like(classes), classes)
    gain = (1 - smoothing) * w
    offset = smoothing * uniform * w * axis.lift(active)
    arrays = {"gain": gain, "offset": offset, "slope": gain * exists}
    return Targets(Node(MIX, {"y": y}, arrays=arrays), active, count, counts)


def _from_indices(
    target: Array,
    logits: Leaf,
    axis: Axis,
    rows: tuple[int, ...],
    weight: Array | None,
    ignore_index: int | None,
) -> tuple[Leaf, Array, Array, Array | None]:
    x = logits.array
    xp = namespace(x)
    if isinstance(target, int) and not isinstance(target, bool):
        target = xp.asarray(target, device=device(x))
    if not is_array(target) or "int" not in dtype_name(target):
        kind = dtype_name(target) if is_array(target) else type(target).__name__
        raise ArgumentTypeError(
            f"target must hold class indices (integers) or probabilities (floating); got {kind}"
        )
    _check_shape(target, rows, "class indices")
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, (Integral, NoneType)):
        raise ArgumentTypeError(f"ignore_index must be an integer or None; got {ignore_index!r}")
    classes = axis.size(x)
    if (seen := peek(target)) is not None:
        _check_range(seen, classes, ignore_index)
    if dtype_name(target).startswith("uint"):
        target = xp.astype(target, xp.int32)
    ignored = xp.zeros_like(target) == 1 if ignore_index is None else target == ignore_index
    stray = ((target < 0) | (target >= classes)) & ~ignored
    bare = Axis(axis.dim)
    nowhere = xp.full_like(target, -1)
    y = xp.astype(axis.positions(x) == bare.lift(xp.where(ignored, nowhere, target)), x.dtype)
    if seen is None:
        # an index that cannot be read (traced, on an accelerator) must not pass for an ignored row
        y = xp.where(bare.lift(stray), xp.full_like(y, xp.nan), y)
    active = xp.astype(~ignored, x.dtype)
    counted = active if weight is None else bare.drop(axis.sum(y * weight))
    counts = None
    if possible(ignored):
        # nothing of a row that does not count is read, not even NaN
        counts = xp.broadcast_to(bare.lift(~ignored), x.shape)
    return Leaf("target", y), active, xp.sum(counted), counts


def _check_range(target: np.ndarray, classes: int, ignore_index: int | None) -> None:
    stray = target[((target < 0) | (target >= classes)) & (target != ignore_index)]
    if stray.size:
        also = "" if ignore_index is None else f", or {ignore_index} to ignore a row"
        raise ArgumentError(
            f"target must be a class index from 0 to {classes - 1}{also}; got {stray[0]}"
        )


def _check_shape(target: Array, expected: tuple[int, ...], kind: str) -> None:
    if tuple(target.shape) != expected:
        raise ArgumentError(
            f"target of {kind} must have shape {expected}; got {tuple(target.shape)}"
        )


def class_weights(weight: Array | None, logits: Leaf, axis: Axis) -> Array | None:
    """Return one non-negative weight per class, shaped to broadcast along the axis."""
    if weight is None:
        return None
    x = logits.array
    classes = axis.size(x)
    weight = coefficients("weight", weight, x)
    if tuple(weight.shape) != (classes,):
        raise ArgumentError(
            f"weight must have shape ({classes},), one per class; got {tuple(weight.shape)}"
        )
    shape = [1] * x.ndim
    shape[axis.dim or -1] = classes
    return namespace(x).reshape(weight, tuple(shape))


def unit_interval(name: str, value: float) -> float:
    """Return ``value`` as a float if it is from 0 to 1."""
    value = number(name, value)
    if not 0 <= value <= 1:
        raise ArgumentError(f"{name} must be from 0 to 1; got {value}")
    return value
