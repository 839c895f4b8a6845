"""A call as a small graph of members: premaps, member, reduction."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.declare.member import Member, State

__all__ = ["Leaf", "Node", "Solve", "evaluate", "leaves"]

Solve = Callable[[Member, Axis | None, tuple[Array | None, ...], Mapping[str, Any]], tuple]
"""How an array library runs a member: (member, axis, operands, constants) -> fields."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """An input of the call."""

    name: str
    array: Array


@dataclass(frozen=True, eq=False)
class Node:
    """One member applied to inputs that are leaves or other nodes."""

    member: Member
    inputs: dict[str, "Node | Leaf"]
    axis: Axis | None = None
    arrays: dict[str, Array] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)


def leaves(node: Node | Leaf) -> Iterator[Leaf]:
    """Yield the leaves below a node; one that is reached twice comes twice."""
    if isinstance(node, Leaf):
        yield node
    else:
        for child in node.inputs.values():
            yield from leaves(child)


def evaluate(node: Node | Leaf, solve: Solve, states: dict[Node, State] | None = None) -> Array:
    """Return a node's value; ``states`` collects the state of every node on the way."""
    if isinstance(node, Leaf):
        return node.array
    states = {} if states is None else states
    member = node.member
    if node not in states:
        inputs = {k: evaluate(child, solve, states) for k, child in node.inputs.items()}
        operands = tuple({**inputs, **node.arrays}.get(name) for name in member.operands)
        fields = solve(member, node.axis, operands, node.constants)
        states[node] = member.state(node.axis, operands, node.constants, fields)
    return getattr(states[node], member.fields[0])
