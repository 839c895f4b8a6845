"""From what the user hands over to a :class:`Subject`, with every misuse told plainly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from softgrad.check.frameworks import Carried, Frame, frame_named, frame_of
from softgrad.check.subject.arguments import Arguments, under
from softgrad.check.subject.binding import Bound
from softgrad.check.subject.claims import (
    Claim,
    FrameworkClaim,
    GradClaim,
    JacobianClaim,
    LayerClaim,
    PushClaim,
    VjpClaim,
)
from softgrad.check.subject.layers import Layer, is_layer
from softgrad.check.subject.runs import callable_tree, caller, forward_of, named, of_leaves
from softgrad.check.subject.tree import grafted, leaves
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["Plan", "plan"]

_CLAIMS = {"vjp": VjpClaim, "jvp": PushClaim, "grad": GradClaim, "jacobian": JacobianClaim}
_SHOWN = 8


@dataclass(frozen=True)
class Plan:
    """The parts of a subject before anything has run.

    Parameters
    ----------
    frame
        The array library.
    function
        Takes the leaves by name and returns what the user's function returns.
    claim
        The derivative under check.
    inputs
        The leaves of the example, and of what the function carries those that are differentiated.
    wrt
        The differentiable ones.
    first
        Those that belong to the first argument that has any.
    forward
        What the names of the arguments are read from.
    """

    frame: Frame
    function: Callable[[Mapping[str, Any]], Any]
    claim: Claim
    inputs: dict[str, Any]
    wrt: tuple[str, ...]
    first: tuple[str, ...]
    forward: Callable


def plan(
    f: Any,
    inputs: Any,
    wrt: str | tuple[str, ...] | None,
    claims: Mapping[str, Callable | None],
    framework: str | None = None,
) -> Plan:
    """Check the arguments of ``check`` and return what is to be checked."""
    forward = forward_of(f, is_layer(f))
    given, positional = named(forward, inputs)
    frame = _frame(framework, given)
    if framework is not None:
        given = {name: _converted(frame, value) for name, value in given.items()}
    arguments = Arguments(frame, given)
    written = _written(claims)
    layer = None
    if is_layer(f):
        near = arguments.pack({k: _near(frame, v) for k, v in arguments.flat.items()})
        layer = Layer(f, frame, lambda forward: caller(forward, positional)(near))
        carried: Carried | None = layer.carried
    else:
        carried = frame.carried(f) or callable_tree(frame, f)
    own = {} if carried is None or written else _renamed(carried, arguments.flat)
    trained = [leaf for leaf, name in own.items() if carried and name in carried.trained]
    everything = arguments.flat | {leaf: carried.parameters[own[leaf]] for leaf in own if carried}
    names = _differentiable(frame, everything, wrt, [*arguments.flat, *trained])
    own = {leaf: name for leaf, name in own.items() if leaf in names}
    flat = {k: v for k, v in everything.items() if k in arguments.flat or k in own}
    for name in names:
        if not frame.is_array(flat[name]):
            flat[name] = _as_array(frame, flat, flat[name])
    claim = _claim(frame, written, arguments, layer)
    function = of_leaves(forward, carried, own, arguments, positional)
    tops = arguments.holding(names)
    first = tuple(name for name in names if tops and under(tops[0], name)) or names[:1]
    return Plan(frame, function, claim, flat, names, first, forward)


def _frame(framework: str | None, given: Mapping[str, Any]) -> Frame:
    if framework is not None:
        return frame_named(framework)
    plain = frame_named("numpy")
    return frame_of([leaf for value in given.values() for leaf in leaves(plain, value)])


def _converted(frame: Frame, value: Any) -> Any:
    """Return NumPy arrays as arrays of the library that was asked for."""

    def convert(_: str, leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and not frame.is_array(leaf):
            return frame.make(leaf, leaf.dtype.name)
        return leaf

    return grafted(frame, "", value, convert)


def _near(frame: Frame, value: Any) -> Any:
    if not frame.is_array(value):
        return value
    array = frame.to_numpy(value)
    return frame.like(0.9 * array if frame.is_floating(value) else array, value)


def _renamed(carried: Carried, flat: Mapping[str, Any]) -> dict[str, str]:
    """Return the carried arrays' own names by the leaf's; one that an input has is ``f.name``."""
    return {(f"f.{name}" if name in flat else name): name for name in carried.parameters}


def _written(claims: Mapping[str, Callable | None]) -> dict[str, Callable]:
    given = {kind: claim for kind, claim in claims.items() if claim is not None}
    if len(given) > 1:
        raise ArgumentError(
            f"give one claim, not {' and '.join(given)}: each would be a different derivative"
        )
    for kind, claim in given.items():
        if not callable(claim):
            raise ArgumentTypeError(f"{kind} must be callable; got {type(claim).__name__}")
    return given


def _differentiable(
    frame: Frame, flat: Mapping[str, Any], wrt: Any, default: list[str]
) -> tuple[str, ...]:
    floating = [name for name, value in flat.items() if _is_floating(frame, value)]
    if wrt is None:
        found = tuple(name for name in default if name in floating)
        if not found:
            kinds = ", ".join(f"{k}: {_kind(frame, v)}" for k, v in flat.items()) or "nothing"
            raise ArgumentError(f"no floating array among the inputs ({kinds}): nothing to check")
        return found
    paths = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    if not paths:
        raise ArgumentError("wrt is empty: name at least one input")
    chosen: list[str] = []
    for path in paths:
        below = [name for name in flat if under(path, name)]
        if not below:
            told = f"wrt names {path!r}, which is no input; inputs: {_listed(list(flat))}"
            raise ArgumentError(told)
        if path in flat and isinstance(flat[path], float):
            chosen.append(path)
        elif found := [name for name in below if name in floating]:
            chosen += found
        else:
            kind = (
                _kind(frame, flat[path]) if path in flat else "a container without floating arrays"
            )
            told = f"wrt names {path!r}, which is {kind}; floating here: {_listed(floating)}"
            raise ArgumentError(told)
    return tuple(dict.fromkeys(chosen))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more


def _is_floating(frame: Frame, value: Any) -> bool:
    return not isinstance(value, np.inexact) and frame.is_floating(value)


def _kind(frame: Frame, value: Any) -> str:
    if frame.is_array(value):
        return f"a {frame.dtype_name(value)} array"
    return f"a {type(value).__name__}"


def _as_array(frame: Frame, flat: Mapping[str, Any], value: float) -> Any:
    """Return a number as a 0-d array of the library and dtype the other inputs have."""
    reference = next((v for v in flat.values() if frame.is_floating(v)), None)
    if reference is None or frame.name == "numpy":
        return frame.make(np.asarray(float(value)), "float64")
    return frame.like(np.asarray(float(value)), reference)


def _claim(
    frame: Frame, written: Mapping[str, Callable], arguments: Arguments, layer: Layer | None
) -> Claim:
    for kind, claim in written.items():
        return _CLAIMS[kind](frame, Bound(claim), arguments)
    if layer is not None and layer.takes_inputs:
        return VjpClaim(frame, Bound(layer.own.backward), arguments)
    if layer is not None:
        return LayerClaim(frame, Bound(layer.own.backward), arguments, layer.stored)
    if not frame.differentiates:
        raise ArgumentError(
            "NumPy does not differentiate: give the derivative to check as vjp=, jvp=, grad= or "
            "jacobian=, or an object with forward and backward, or name a framework="
        )
    return FrameworkClaim(frame)
