"""NumPy: a native kernel where one fits, the portable path otherwise."""

from collections.abc import Mapping
from typing import Any

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.backends import native, portable
from softgrad.declare import Member

__all__ = ["solve"]


def solve(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's fields."""
    kernel = native.kernel_for(member, axis, operands)
    return kernel(*operands) if kernel else portable.solve(member, axis, operands, constants)
