"""``like=``: the family's function that the subject is meant to be, matched by value."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from softgrad.backends.select import solver_for
from softgrad.check.subject.subject import Subject
from softgrad.declare import Leaf, Node
from softgrad.declare.graph import evaluate
from softgrad.errors import ArgumentError, SoftgradError
from softgrad.function import Function, functions
from softgrad.structure import Structure

__all__ = ["Edge", "Gradient", "Likeness", "Pull", "family_named", "likened", "likeness"]

_ALSO = {
    "T": "temperature",
    "tau": "temperature",
    "mask": "where",
    "t": "target",
    "labels": "target",
    "targets": "target",
    "smoothing": "label_smoothing",
    "class_weight": "weight",
}
_SEARCHED = {"reduction": ("mean", "sum", "none"), "keepdims": (False, True)}

Edge = tuple[Node, str]
Pull = Callable[[np.ndarray], np.ndarray]
Gradient = Callable[[np.ndarray], dict[str, np.ndarray]]


class Likeness:
    """One call of a member of the family, in float64 NumPy.

    Parameters
    ----------
    function
        The member.
    arguments
        By the member's own names.
    names
        The member's name for each of the subject's differentiable inputs.
    """

    def __init__(
        self, function: Function, arguments: Mapping[str, Any], names: Mapping[str, str]
    ) -> None:
        self.function, self.arguments, self.names = function, dict(arguments), dict(names)
        self.call = function.trace((), self.arguments, tuple(names.values()))
        self.states: dict[Node, Any] = {}
        value = evaluate(self.call.root, solver_for(self.call.primary), self.states)
        self.value = np.asarray(value, dtype=np.float64)

    def nodes(self) -> Iterator[tuple[Node, str, Structure]]:
        """Yield every edge of the graph: a node, the input's name, the Jacobian between them."""
        for node, state in self.states.items():
            for name, structure in node.member.jacobian(state).items():
                if name in node.inputs:
                    yield node, name, structure

    def gradient(
        self, g: np.ndarray, instead: Mapping[Edge, Pull] | None = None
    ) -> dict[str, np.ndarray]:
        """Return Jᵀ g by the subject's input names, with other products at some edges."""
        found: dict[str, np.ndarray] = {}
        self._pull(self.call.root, np.reshape(g, self.value.shape), found, instead or {})
        shapes = {own: np.shape(self.call.inputs[own]) for own in self.names.values()}
        return {
            name: np.asarray(found.get(own, np.zeros(shapes[own]))).reshape(shapes[own])
            for name, own in self.names.items()
        }

    def _pull(self, node: Any, g: Any, found: dict, instead: Mapping[Edge, Pull]) -> None:
        if isinstance(node, Leaf):
            found[node.name] = found[node.name] + g if node.name in found else g
            return
        for name, structure in node.member.jacobian(self.states[node]).items():
            if name in node.inputs:
                pull = instead.get((node, name), structure.rmv)
                self._pull(node.inputs[name], pull(g), found, instead)

    def without(self, option: str, value: Any) -> "Likeness | None":
        """Return the call with one option changed, or ``None`` if it is not allowed."""
        try:
            return Likeness(self.function, {**self.arguments, option: value}, self.names)
        except (SoftgradError, ValueError, TypeError):
            return None


def likeness(
    function: Function, arguments: Mapping[str, Any], wrt: tuple[str, ...] | None = None
) -> Likeness:
    """Return a call of a member in float64, differentiable by ``wrt`` or by its first input.

    Parameters
    ----------
    function
        The member.
    arguments
        NumPy arrays and options by name.
    wrt
        Names of the differentiable arguments.
    """
    given = {
        name: value.astype(np.float64)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        else value
        for name, value in arguments.items()
    }
    return Likeness(function, given, {name: name for name in wrt or function.wrt[:1]})


def family_named(like: Any) -> Function:
    """Return the member of the family that ``like`` names."""
    if isinstance(like, Function):
        return like
    known = functions()
    if like not in known:
        raise ArgumentError(f"like must name one of {', '.join(sorted(known))}; got {like!r}")
    return known[like]


def likened(subject: Subject, y: np.ndarray, function: Function) -> tuple[Likeness | None, float]:
    """Return the call whose value is the subject's, and how far off the nearest one is."""
    given, names = _arguments(subject, function)
    ndim = len(subject.shapes[subject.wrt[0]])
    open_ = [k for k in _SEARCHED if k in function.parameters and k not in given]
    options: dict[str, tuple] = {k: _SEARCHED[k] for k in open_}
    if "axis" in function.parameters and "axis" not in given:
        options["axis"] = tuple(range(-1, -ndim - 1, -1))
    nearest = np.inf
    slack = max(1e-6, 64 * subject.eps)
    for values in product(*options.values()):
        try:
            arguments = {**given, **dict(zip(options, values, strict=True))}
            call = Likeness(function, arguments, names)
        except (SoftgradError, ValueError, TypeError, IndexError):
            continue
        if call.value.size != y.size:
            continue
        gap = np.abs(np.nan_to_num(call.value.ravel() - y))
        nearest = min(nearest, float(gap.max(initial=0.0)))
        if gap.max(initial=0.0) <= slack * (1 + np.abs(np.nan_to_num(y)).max(initial=0.0)):
            return call, 0.0
    return None, nearest


def _arguments(subject: Subject, function: Function) -> tuple[dict[str, Any], dict[str, str]]:
    free = list(function.parameters)
    given: dict[str, Any] = {}
    own: dict[str, str] = {}
    for name in subject.inputs:
        target = name if name in function.parameters else _ALSO.get(name)
        if target in function.parameters:
            own[name] = str(target)
        elif free and not own:
            own[name] = free[0]
    required = [k for k, p in function.parameters.items() if p.default is p.empty]
    for name in subject.inputs:
        left = [k for k in required if k not in own.values()]
        if name not in own and left:
            own[name] = left[0]
    for name, target in own.items():
        value = subject.inputs[name]
        given[target] = subject.frame.to_numpy(value) if subject.frame.is_array(value) else value
    return given, {name: own[name] for name in subject.wrt if own.get(name) in function.wrt}
