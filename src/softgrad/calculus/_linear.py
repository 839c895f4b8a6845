"""A call at a point: its value, and the chain rule over its graph in both directions."""

from collections.abc import Mapping
from functools import partial, reduce
from itertools import chain
from operator import add
from types import NoneType
from typing import Any

import numpy as np

from softgrad import native
from softgrad._array import Array, apart, dtype_name, in_library_of, namespace
from softgrad._out import placed, wants, written
from softgrad.backends.select import solver_for
from softgrad.declare import Leaf, Node, State
from softgrad.declare.graph import evaluate, leaves
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.function import Function, functions
from softgrad.structure import Product, Structure, Sum

__all__ = ["Linear", "fitted", "linear"]

ELSEWHERE = {
    "vjp": "torch.func.vjp or jax.vjp",
    "jvp": "torch.func.jvp or jax.jvp",
    "jacobian": "torch.func.jacrev or jax.jacobian",
    "hvp": "torch.func.jvp of torch.func.grad or jax.jvp of jax.grad",
    "linearize": "torch.func.linearize or jax.linearize",
    "value_and_grad": "torch.func.grad_and_value or jax.value_and_grad",
}
"""What differentiates any function, by what was asked for."""


def linear(
    action: str, f: Any, args: tuple, options: Mapping[str, Any], wrt: str | tuple[str, ...] | None
) -> "Linear":
    """Evaluate ``f`` and return its derivative's ingredients, or say why ``f`` has none here."""
    if isinstance(f, partial) and isinstance(f.func, Function):
        inner = f.func.name
        raise ArgumentTypeError(
            f"softgrad.{action} takes softgrad.{inner} itself, not a partial of it; give the "
            f"options to {action}: softgrad.{action}(softgrad.{inner}, x, axis=0)"
        )
    if not isinstance(f, Function):
        names = ", ".join(sorted(functions()))
        given = getattr(f, "__name__", None) or repr(f)
        raise ArgumentTypeError(
            f"softgrad.{action} differentiates the functions of softgrad ({names}); got {given}. "
            f"For any other function use {ELSEWHERE[action]}, and softgrad.check to find out "
            "whether its gradient is right"
        )
    return Linear(f, args, options, wrt)


class Linear:
    """A function of the family at a point, with its derivatives along some of its inputs."""

    def __init__(
        self, f: Function, args: tuple, options: Mapping[str, Any], wrt: str | tuple | None
    ) -> None:
        self.function = f
        self.single = wrt is None or isinstance(wrt, str)
        self.wrt: tuple[str, ...] = _names(f, wrt)
        self.call = f.trace(args, options, self.wrt)
        self._states: dict[Node, State] = {}
        solve = solver_for(self.call.primary)
        self.working = evaluate(self.call.root, solve, self._states)
        self.value: Array = native.duplicate(self.call.like_input(self.working))

    def push(self, tangents: Mapping[str, Array]) -> Array:
        """Return the output's tangent for tangents of the inputs."""
        with np.errstate(all="ignore"):
            moved = self._tangent(self.call.root, _Motion(self._working(tangents)))
        assert moved is not None
        return self.call.like_input(moved)

    def pull(self, cotangent: Array, out: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """Return the gradient of every input in ``wrt`` for a cotangent of the output.

        They are written to the arrays in ``out``, by the inputs' names.
        """
        gradient: dict[str, Array] = {}
        out = out or {}
        g = self._cotangent(cotangent)
        with np.errstate(all="ignore"):
            self._pull(self.call.root, g, gradient, out)
        return self._returned(gradient, g, out)

    def bend(self, tangents: Mapping[str, Array], cotangent: Array) -> dict[str, Array]:
        """Return how :meth:`pull` of ``cotangent`` moves when the inputs move."""
        motion = _Motion(self._working(tangents))
        curved: dict[str, Array] = {}
        g = self._cotangent(cotangent)
        with np.errstate(all="ignore"):
            self._curve(self.call.root, g, None, motion, curved)
        return self._returned(curved, g, {})

    def structure(self, name: str) -> Structure:
        """Return the Jacobian with respect to one input."""
        found = self._structure(self.call.root, name)
        assert found is not None
        return found

    def _working(self, tangents: Mapping[str, Array]) -> dict[str, Array]:
        return {
            k: fitted(f"the tangent of {k}", t, self.call.inputs[k], self.working.dtype)
            for k, t in tangents.items()
        }

    def _cotangent(self, g: Array) -> Array:
        return fitted("the cotangent", g, self.value, self.working.dtype)

    def _returned(
        self, gradient: dict[str, Array], g: Array, out: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Return the gradients in the inputs' dtypes, nobody else's memory, or where asked to."""
        result = {}
        for name in self.wrt:
            given, room = self.call.inputs[name], out.get(name)
            found = gradient.get(name)
            if room is not None and found is room:
                result[name] = written(room)
                continue
            xp = namespace(given)
            if found is None:
                found = xp.zeros_like(given)
            elif room is not None or found.dtype != given.dtype or not self._owns(found, g):
                found = xp.astype(found, given.dtype)
            found = np.asarray(found) if isinstance(found, np.generic) else found
            result[name] = placed(found, room)
        return result

    def _owns(self, gradient: Array, g: Array) -> bool:
        """Tell whether a gradient lies apart from whatever else is used again."""
        states = (vars(state).values() for state in self._states.values())
        return apart(gradient, chain((g,), self.call.inputs.values(), *states))

    def _reaches(self, node: Node | Leaf) -> bool:
        return any(leaf.name in self.wrt for leaf in leaves(node))

    def _tangent(self, node: Node | Leaf, motion: "_Motion") -> Array | None:
        if isinstance(node, Leaf):
            return motion.leaves.get(node.name)
        if node not in motion.nodes:
            J = node.member.jacobian(self._states[node])
            parts = [J[k].mv(t) for k, t in self._moving(node, motion).items()]
            motion.nodes[node] = reduce(add, parts) if parts else None
        return motion.nodes[node]

    def _moving(self, node: Node, motion: "_Motion") -> dict[str, Array]:
        found = {k: self._tangent(child, motion) for k, child in node.inputs.items()}
        return {k: t for k, t in found.items() if t is not None}

    def _pull(
        self, node: Node | Leaf, g: Array, gradient: dict[str, Array], out: Mapping[str, Array]
    ) -> None:
        if isinstance(node, Leaf):
            gradient[node.name] = gradient[node.name] + g if node.name in gradient else g
            return
        J = node.member.jacobian(self._states[node])
        for k, child in node.inputs.items():
            if self._reaches(child):
                room = self._room(child, gradient, out)
                down = J[k].rmv(g) if room is None else J[k].rmv(g, room)
                self._pull(child, down, gradient, out)

    def _room(
        self, child: Node | Leaf, gradient: Mapping[str, Array], out: Mapping[str, Array]
    ) -> Array | None:
        """Return where the gradient of a leaf may be written by whoever computes it first."""
        if not isinstance(child, Leaf) or child.name in gradient:
            return None
        room = out.get(child.name)
        return room if room is not None and wants(room) else None

    def _curve(
        self,
        node: Node | Leaf,
        g: Array,
        dg: Array | None,
        motion: "_Motion",
        curved: dict[str, Array],
    ) -> None:
        """Pull g and its change dg back together: d(Jᵀg) = (dJ)ᵀg + Jᵀdg."""
        if isinstance(node, Leaf):
            if dg is not None:
                curved[node.name] = curved[node.name] + dg if node.name in curved else dg
            return
        state = self._states[node]
        J = node.member.jacobian(state)
        inputs = self._moving(node, motion)
        bent = node.member.bend(state, inputs) if inputs else {}
        for k, child in node.inputs.items():
            if self._reaches(child):
                terms = [bent[k].rmv(g)] if k in bent else []
                terms += [J[k].rmv(dg)] if dg is not None else []
                down = reduce(add, terms) if terms else None
                self._curve(child, J[k].rmv(g), down, motion, curved)

    def _structure(self, node: Node | Leaf, name: str) -> Structure | None:
        assert isinstance(node, Node)
        J = node.member.jacobian(self._states[node])
        terms = []
        for k, child in node.inputs.items():
            if isinstance(child, Leaf):
                terms += [J[k]] if child.name == name else []
            elif (inner := self._structure(child, name)) is not None:
                terms.append(Product(J[k], inner))
        if not terms:
            return None
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))


class _Motion:
    """Tangents of the leaves, and those of the nodes as they become known."""

    def __init__(self, leaves: Mapping[str, Array]) -> None:
        self.leaves = leaves
        self.nodes: dict[Node, Array | None] = {}


def fitted(role: str, t: Any, like: Array, dtype: Any) -> Array:
    """Return a tangent or cotangent in ``dtype`` if it has the shape of what it belongs to."""
    t = in_library_of(like, role, t)
    if "complex" in dtype_name(t):
        raise ArgumentTypeError(f"{role} must be real; got {dtype_name(t)}")
    if tuple(t.shape) != tuple(like.shape):
        raise ArgumentError(f"{role} must have shape {tuple(like.shape)}; got {tuple(t.shape)}")
    xp = namespace(like)
    return xp.astype(xp.asarray(t), dtype, copy=False)


def _names(f: Function, wrt: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if not isinstance(wrt, (str, tuple, list, NoneType)):
        raise ArgumentTypeError(f"wrt must be a name, a tuple of names or None; got {wrt!r}")
    names = (f.wrt[0],) if wrt is None else (wrt,) if isinstance(wrt, str) else tuple(wrt or ())
    for name in names:
        if name not in f.wrt:
            raise ArgumentError(
                f"wrt must name inputs of {f.name} that have a derivative, {', '.join(f.wrt)}; "
                f"got {name!r}"
            )
    if not names or len(set(names)) != len(names):
        raise ArgumentError(f"wrt must name at least one input, each once; got {wrt!r}")
    return names
