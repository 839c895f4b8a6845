"""Targets of a classification loss: class indices or probabilities, as one array of weights."""

from dataclasses import dataclass

import numpy as np

from softgrad._array import Array, device, dtype_name, is_array, is_floating, namespace, peek
from softgrad.axis import Axis
from softgrad.declare import Leaf, Node
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.family._reduction import MIX

__all__ = ["Targets", "check_nonnegative", "class_weights", "targets", "unit_interval"]


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
    """

    weights: Node | Leaf
    active: Array
    count: Array


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
        count = xp.sum(active)
    else:
        y, active, count = _from_indices(target, logits, axis, rows, weight, ignore_index)
    if weight is None and smoothing == 0 and where is None:
        return Targets(y, active, count)
    full = xp.ones_like(logits.array)
    exists = full if where is None else xp.astype(where, full.dtype)
    w = full if weight is None else weight * full
    classes = axis.sum(exists)
    uniform = exists / xp.where(classes == 0, xp.ones_like(classes), classes)
    gain = (1 - smoothing) * w
    offset = smoothing * uniform * w * axis.lift(active)
    arrays = {"gain": gain, "offset": offset, "slope": gain * exists}
    return Targets(Node(MIX, {"y": y}, arrays=arrays), active, count)


def _from_indices(
    target: Array,
    logits: Leaf,
    axis: Axis,
    rows: tuple[int, ...],
    weight: Array | None,
    ignore_index: int | None,
) -> tuple[Leaf, Array, Array]:
    x = logits.array
    xp = namespace(x)
    if not is_array(target) or "int" not in str(target.dtype):
        kind = dtype_name(target) if is_array(target) else type(target).__name__
        raise ArgumentTypeError(
            f"target must hold class indices (integers) or probabilities (floating); got {kind}"
        )
    _check_shape(target, rows, "class indices")
    classes = axis.size(x)
    ignored = xp.zeros_like(target) == 1 if ignore_index is None else target == ignore_index
    stray = ((target < 0) | (target >= classes)) & ~ignored
    seen = peek(target)
    if seen is not None:
        _check_range(seen, classes, ignore_index)
    bare = Axis(axis.dim)
    nowhere = xp.full_like(target, -1)
    y = xp.astype(axis.positions(x) == bare.lift(xp.where(ignored, nowhere, target)), x.dtype)
    if seen is None:
        # an index that cannot be read (traced, on an accelerator) must not pass for an ignored row
        y = xp.where(bare.lift(stray), xp.full_like(y, xp.nan), y)
    active = xp.astype(~ignored, x.dtype)
    counted = active if weight is None else bare.drop(axis.sum(y * weight))
    return Leaf("target", y), active, xp.sum(counted)


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


def class_weights(name: str, weight: Array | None, logits: Leaf, axis: Axis) -> Array | None:
    """Return one non-negative weight per class, shaped to broadcast along the axis."""
    if weight is None:
        return None
    x = logits.array
    xp = namespace(x)
    classes = axis.size(x)
    if not is_array(weight) or not is_floating(weight):
        kind = dtype_name(weight) if is_array(weight) else type(weight).__name__
        raise ArgumentTypeError(f"{name} must be an array of floating dtype; got {kind}")
    if tuple(weight.shape) != (classes,):
        raise ArgumentError(
            f"{name} must have shape ({classes},), one per class; got {tuple(weight.shape)}"
        )
    check_nonnegative(name, weight)
    shape = [1] * x.ndim
    shape[axis.dim] = classes
    return xp.reshape(xp.asarray(weight, dtype=x.dtype, device=device(x)), tuple(shape))


def check_nonnegative(name: str, weight: Array) -> None:
    """Raise if an entry can be seen to be negative."""
    seen = peek(weight)
    if seen is not None and (seen < 0).any():
        raise ArgumentError(f"{name} must be non-negative; got {seen.min()}")


def unit_interval(name: str, value: float) -> float:
    """Return ``value`` if it is a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"{name} must be a number; got {type(value).__name__}")
    if not 0 <= value <= 1:
        raise ArgumentError(f"{name} must be from 0 to 1; got {value}")
    return float(value)
