"""The record a differentiable map is declared by, and all that is derived from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from softgrad._array import Array, full_view
from softgrad.axis import Axis
from softgrad.structure import Structure

__all__ = ["Member", "State"]

Jacobian = dict[str, Structure]
"""One structure for each differentiable input."""


class State:
    """A member's inputs, constants and solved fields, read by name: ``state.p``, ``state.axis``."""

    axis: Any

    def __init__(self, axis: Axis | None, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)
        self.axis = axis

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the state has no {name!r}; it has {sorted(self.__dict__)}")


@dataclass(frozen=True, eq=False)
class Member:
    """A differentiable map, declared once.

    Value, JVP, VJP, HVP, dense Jacobian, diagonal, trace and rank all follow from three
    functions. Nothing about the map is written anywhere else.

    Parameters
    ----------
    name
        What it is called.
    inputs
        The differentiable inputs, in order.
    fields
        What ``solve`` returns, in order: the value first, then whatever its Jacobian needs.
    solve
        ``solve(state) -> tuple of arrays``: the stable forward pass, in array-API operations. The
        state holds the inputs, the constants and the axis.
    jacobian
        ``jacobian(state) -> {input: structure}``: the value's Jacobian, one constructor call per
        input on fields of the state. It must only select fields: the same call on the *tangent*
        of a state yields the tangent of the structure's data.
    definition
        The textbook equation on mpmath scalars with no stability tricks: the truth. It takes
        mpmath's context, one row (a list) or one scalar per operand, and the constants by name.
    arrays
        Constant array inputs: masks, coefficients.
    sensitivity
        ``sensitivity(state) -> {field: {input: structure}}``: the Jacobian of every field behind
        the value, written in fields of the state, so that it holds at every order.
    along_axis
        Whether the map acts along an axis; otherwise it is elementwise.
    linear
        Whether the Jacobian is constant; only then may ``jacobian`` read constants and arrays.
    title
        What messages call it where ``name`` would say little to a user.
    """

    name: str
    inputs: tuple[str, ...]
    fields: tuple[str, ...]
    solve: Callable[[State], tuple[Array, ...]]
    jacobian: Callable[[State], Jacobian]
    definition: Callable[..., Any]
    arrays: tuple[str, ...] = ()
    sensitivity: Callable[[State], dict[str, Jacobian]] = field(default=lambda state: {})
    along_axis: bool = True
    linear: bool = False
    title: str = ""

    @property
    def operands(self) -> tuple[str, ...]:
        """Every array the map takes, the differentiable ones first."""
        return self.inputs + self.arrays

    def state(
        self,
        axis: Axis | None,
        operands: tuple[Array | None, ...],
        constants: Mapping[str, Any],
        fields: tuple[Array, ...] = (),
    ) -> State:
        """Return the state that holds these arrays under their names."""
        named = dict(zip(self.operands, operands, strict=True))
        return State(axis, {**constants, **named, **dict(zip(self.fields, fields, strict=False))})

    def jacobians(self, state: State) -> dict[str, Jacobian]:
        """Return the Jacobian of every field, the value's first."""
        return {self.fields[0]: self.jacobian(state), **self.sensitivity(state)}

    def tangent(self, state: State, tangents: Mapping[str, Array]) -> tuple[Array, ...]:
        """Return how every field moves when the inputs move along ``tangents``."""
        rows = self.jacobians(state)
        moved = []
        for name in self.fields:
            row = rows.get(name, {})
            parts = [row[k].mv(t) for k, t in tangents.items() if k in row]
            moved.append(reduce(add, parts) if parts else full_view(0.0, getattr(state, name)))
        return tuple(moved)

    def cotangent(
        self, state: State, cotangents: Mapping[str, Array], wanted: tuple[str, ...]
    ) -> dict[str, Array]:
        """Return the gradient of each wanted input for cotangents of the fields."""
        rows = self.jacobians(state)
        gradient: dict[str, Array] = {}
        for name, g in cotangents.items():
            for k, structure in rows.get(name, {}).items():
                if k in wanted:
                    term = structure.rmv(g)
                    gradient[k] = gradient[k] + term if k in gradient else term
        return gradient

    def bend(self, state: State, tangents: Mapping[str, Array]) -> Jacobian:
        """Return the change of the value's Jacobian when the inputs move along ``tangents``."""
        if self.linear:
            return {}
        still = {k: full_view(0.0, getattr(state, k)) for k in self.inputs if k not in tangents}
        moved = dict(zip(self.fields, self.tangent(state, tangents), strict=True))
        towards = self.jacobian(State(state.axis, {**vars(state), **still, **tangents, **moved}))
        return {k: J.bend(towards[k]) for k, J in self.jacobian(state).items()}
