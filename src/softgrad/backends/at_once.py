"""Arrays in this processor's memory: a native kernel where one fits, else the portable path."""

from collections.abc import Mapping
from typing import Any

from softgrad import native
from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.backends import portable
from softgrad.declare import Member

__all__ = ["solve", "solve_value"]


def solve(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's fields.

    A member's kernel has its name; one that computes more than the value ends in ``_fields``.
    """
    every = f"{member.name}_fields"
    kernel = every if native.has(every) else member.name
    return _run(kernel, member, axis, operands, constants)


def solve_value(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's value, and perhaps fields behind it."""
    return _run(member.name, member, axis, operands, constants)


def _run(kernel: str, member: Member, axis: Any, operands: Any, constants: Any) -> tuple:
    found = native.rows(kernel, axis, *operands, constants=tuple(constants.values()))
    return found or portable.solve(member, axis, operands, constants)
