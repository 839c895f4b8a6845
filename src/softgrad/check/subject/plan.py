"""From what the user hands over to a :class:`Subject`, with every misuse told plainly."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame, frame_of
from softgrad.check.subject.binding import input_names, takes_keywords
from softgrad.check.subject.claims import (
    Claim,
    FrameworkClaim,
    GradClaim,
    JacobianClaim,
    PushClaim,
    VjpClaim,
)
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["Plan", "plan"]


class Plan:
    """The parts of a subject before anything has run."""

    def __init__(
        self,
        frame: Frame,
        function: Callable[[Mapping[str, Any]], Any],
        claim: Claim,
        inputs: dict[str, Any],
        wrt: tuple[str, ...],
        forward: Callable,
    ) -> None:
        self.frame, self.function, self.claim = frame, function, claim
        self.inputs, self.wrt, self.forward = inputs, wrt, forward


def plan(
    f: Any,
    inputs: Any,
    wrt: str | tuple[str, ...] | None,
    claims: Mapping[str, Callable | None],
) -> Plan:
    """Check the arguments of ``check`` and return what is to be checked."""
    layer = hasattr(f, "forward") and hasattr(f, "backward") and not _is_torch(f)
    forward = f.forward if layer else _function_of(f)
    if not callable(forward):
        raise ArgumentTypeError(
            f"f must be callable or have forward and backward; got {type(f).__name__}"
        )
    named, positional = _named(forward, inputs)
    frame = frame_of(named.values())
    given = {kind: c for kind, c in claims.items() if c is not None}
    if len(given) > 1:
        raise ArgumentError(
            f"give one claim, not {' and '.join(given)}: each would be a different derivative"
        )
    for kind, c in given.items():
        if not callable(c):
            raise ArgumentTypeError(f"{kind} must be callable; got {type(c).__name__}")
    names = _differentiable(frame, named, wrt)
    for name in names:
        if not frame.is_array(named[name]):
            named[name] = _as_array(frame, named, named[name])
    if layer and not given:
        backward = f.backward
        alone = len(input_names(backward, 99)) and input_names(backward, 99)[1] == "input1"
        claim: Claim = VjpClaim(frame, backward, takes_inputs=not alone)
    else:
        claim = _claim(frame, given)
    call = _caller(forward, tuple(named) if positional else ())
    return Plan(frame, call, claim, named, names, forward)


def _function_of(f: Any) -> Any:
    if isinstance(f, type) and hasattr(f, "apply"):
        return f.apply
    return f


def _is_torch(f: Any) -> bool:
    kinds = f.__mro__ if isinstance(f, type) else type(f).__mro__
    return any(kind.__module__.partition(".")[0] == "torch" for kind in kinds)


def _named(f: Callable, inputs: Any) -> tuple[dict[str, Any], bool]:
    if isinstance(inputs, Mapping):
        bad = [name for name in inputs if not isinstance(name, str)]
        if bad:
            raise ArgumentTypeError(f"inputs must be named by strings; got {bad[0]!r}")
        return dict(inputs), not takes_keywords(f, inputs)
    if isinstance(inputs, list):
        inputs = tuple(inputs)
    if not isinstance(inputs, tuple):
        inputs = (inputs,)
    target = getattr(f, "__self__", None)
    source = f
    if isinstance(target, type) and hasattr(target, "forward"):
        source = target.forward
        names = input_names(source, len(inputs) + 1)
        names = names[1:] if names[0] == "ctx" else names[:-1]
    else:
        names = input_names(source, len(inputs))
    return dict(zip(names, inputs, strict=True)), True


def _differentiable(
    frame: Frame, inputs: dict[str, Any], wrt: str | tuple[str, ...] | None
) -> tuple[str, ...]:
    floating = [name for name, value in inputs.items() if _is_floating(frame, value)]
    if wrt is None:
        if not floating:
            kinds = ", ".join(f"{k}: {_kind(frame, v)}" for k, v in inputs.items()) or "nothing"
            raise ArgumentError(f"no floating array among the inputs ({kinds}): nothing to check")
        return tuple(floating)
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    if not names:
        raise ArgumentError("wrt is empty: name at least one input")
    for name in names:
        if name not in inputs:
            raise ArgumentError(
                f"wrt names {name!r}, which is no input; inputs: {', '.join(inputs)}"
            )
        if name not in floating and not isinstance(inputs[name], float):
            raise ArgumentError(
                f"wrt names {name!r}, which is {_kind(frame, inputs[name])}; "
                f"floating here: {', '.join(floating) or 'nothing'}"
            )
    return names


def _is_floating(frame: Frame, value: Any) -> bool:
    if isinstance(value, np.floating):
        return False
    return frame.is_floating(value)


def _kind(frame: Frame, value: Any) -> str:
    if frame.is_array(value):
        return f"a {frame.dtype_name(value)} array"
    return f"a {type(value).__name__}"


def _as_array(frame: Frame, inputs: Mapping[str, Any], value: float) -> Any:
    """Return a number as a 0-d array of the library and dtype the other inputs have."""
    reference = next((v for v in inputs.values() if frame.is_floating(v)), np.zeros(()))
    if frame.is_array(reference) and frame.name != "numpy":
        return frame.like(np.asarray(float(value)), reference)
    return np.asarray(float(value))


def _claim(frame: Frame, given: Mapping[str, Callable]) -> Claim:
    for kind, claim in given.items():
        if kind == "vjp":
            return VjpClaim(frame, claim)
        if kind == "grad":
            return GradClaim(frame, claim)
        if kind == "jacobian":
            return JacobianClaim(frame, claim)
        return PushClaim(frame, claim)
    if frame.name == "numpy":
        raise ArgumentError(
            "NumPy does not differentiate: give the derivative to check as vjp=, jvp=, grad= or "
            "jacobian=, or an object with forward and backward"
        )
    return FrameworkClaim(frame)


def _caller(f: Callable, positional: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """Return f over named inputs: ``positional`` go by position, those added later by name."""

    def call(inputs: Mapping[str, Any]) -> Any:
        named = {name: value for name, value in inputs.items() if name not in positional}
        return f(*(inputs[name] for name in positional), **named)

    return call
