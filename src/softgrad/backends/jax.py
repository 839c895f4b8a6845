"""JAX: a member's solve under ``custom_jvp``, its own rule calling the wrapped solve.

The tangent is written in fields of the state, and the fields come from the wrapped function, so
the rule differentiates itself: forward-over-reverse, reverse-over-reverse and every higher order
are exact. Wrapping only the derivative's action would lose the rule under transposition.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
from jax.custom_derivatives import SymbolicZero

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.declare import Member
from softgrad.errors import ArgumentError

__all__ = ["solve"]


def solve(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's fields, differentiable by every JAX transformation."""
    return _bind(member, axis, tuple(sorted(constants.items())))(*operands)


@lru_cache(maxsize=1024)
def _bind(member: Member, axis: Axis | None, constants: tuple[tuple[str, Any], ...]) -> Any:
    @jax.custom_jvp
    @jax.jit
    def solve(*operands: Array | None) -> tuple[Array, ...]:
        return member.solve(member.state(axis, operands, dict(constants)))

    def rule(primals: Any, tangents: Any) -> Any:
        _refuse(member, tangents)
        fields = solve(*primals)
        state = member.state(axis, primals, dict(constants), fields)
        moving = {
            name: t
            for name, t in zip(member.inputs, tangents, strict=False)
            if t is not None and not isinstance(t, SymbolicZero)
        }
        return fields, member.tangent(state, moving)

    solve.defjvp(rule, symbolic_zeros=True)
    return solve


def _refuse(member: Member, tangents: Any) -> None:
    """Raise rather than return a derivative of 0 by a coefficient."""
    for name, t in zip(member.arrays, tangents[len(member.inputs) :], strict=True):
        inexact = t is not None and jax.dtypes.issubdtype(t.dtype, jax.numpy.inexact)
        if inexact and not isinstance(t, SymbolicZero):
            raise ArgumentError(
                f"the weights of a loss have no derivative ({name} of {member.name}): "
                "pass them through jax.lax.stop_gradient"
            )
