"""Any array-API library: the member's own operations, in blocks of rows where that is faster."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from softgrad._array import Array, is_eager, namespace
from softgrad.axis import Axis
from softgrad.declare import Member

__all__ = ["solve"]

BLOCK = 1 << 15
"""Entries whose temporaries fit the cache; fresh memory costs more than the arithmetic."""


def solve(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's fields."""

    def run(block: tuple[Array | None, ...]) -> tuple[Array, ...]:
        return member.solve(member.state(axis, block, constants))

    with np.errstate(all="ignore"):
        given = [a for a in operands if a is not None]
        if not _splits(axis, given):
            return run(operands)
        count = given[0].shape[0]
        step = max(1, BLOCK // prod(given[0].shape[1:]))
        xp = namespace(given[0])
        fields: list[Array] = []
        for start in range(0, count, step):
            rows = slice(start, start + step)
            found = run(tuple(None if a is None else a[rows] for a in operands))
            fields = fields or [xp.empty((count, *f.shape[1:]), dtype=f.dtype) for f in found]
            for whole, part in zip(fields, found, strict=True):
                whole[rows] = part
        return tuple(fields)


def _splits(axis: Axis | None, given: list[Array]) -> bool:
    """Tell whether the first dimension only batches, and there is enough to split."""
    shape = given[0].shape
    batched = len(shape) > 1 and (axis is None or (axis.dim is not None and axis.dim > -len(shape)))
    large = batched and prod(shape) > 2 * BLOCK
    return large and all(a.shape == shape and is_eager(a) for a in given)
