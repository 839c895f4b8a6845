"""Dense forms of Jacobians whose rows do not depend on each other."""

from math import prod

from softgrad._array import Array, device, is_eager, namespace
from softgrad.axis import Axis
from softgrad.structure import Structure

__all__ = ["matrices", "placed", "stacked"]


def matrices(structure: Structure, inner: Array, outer: Array, axis: Axis | None) -> Array | None:
    """Return one matrix per row, shape (rows, outputs of a row, inputs of a row).

    None where the structure does not tell them and a row has more than one output.
    """
    if outer.shape == inner.shape and (dyad := structure.dyad()):
        return dyad.matrices(axis)
    if axis is None or prod(outer.shape) * inner.shape[axis.dim] != prod(inner.shape):
        return None
    xp = namespace(inner)
    gradients = xp.moveaxis(structure.rmv(xp.ones_like(outer)), axis.dim, -1)
    return xp.reshape(gradients, (-1, 1, gradients.shape[-1]))


def placed(found: Array, inner: Array, outer: Array, axis: Axis | None) -> Array:
    """Return the array of shape outer.shape + inner.shape that is 0 but for each row's matrix."""
    xp = namespace(found)
    full = tuple(outer.shape) + tuple(inner.shape)
    rows, out, n = found.shape
    if rows == 1:
        return xp.reshape(found, full)
    if is_eager(found):
        dense = xp.zeros((rows, out, rows, n), dtype=found.dtype)
        every = xp.arange(rows)
        dense[every, :, every, :] = found
    else:
        own = xp.eye(rows, dtype=xp.bool, device=device(found))[:, None, :, None]
        dense = xp.where(own, found[:, :, None, :], xp.zeros_like(found)[:, :, None, :])
    batch, dim = _batch(inner, axis)
    dense = xp.moveaxis(xp.reshape(dense, (*batch, out, *batch, n)), -1, dim)
    return xp.reshape(xp.moveaxis(dense, len(batch), dim - inner.ndim), full)


def stacked(found: Array, inner: Array, outer: Array, axis: Axis) -> Array:
    """Return each row's matrix, or its gradient where the output has no such axis."""
    of_row = found.shape[1:] if outer.ndim == inner.ndim else found.shape[2:]
    return namespace(found).reshape(found, (*_batch(inner, axis)[0], *of_row))


def _batch(inner: Array, axis: Axis | None) -> tuple[list[int], int]:
    """Return the shape of the input without its axis, and the axis."""
    assert axis is not None and axis.dim is not None
    shape = list(inner.shape)
    del shape[axis.dim]
    return shape, axis.dim
