"""Which other values a parameter may take: told by the caller, by hints, or by its value."""

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from softgrad.check.battery.whole import neighbours
from softgrad.check.subject.claims import Claim
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.function import Function

__all__ = ["choices_of"]

_AXES = ("axis", "dim")
_REDUCTIONS = ("mean", "sum", "none")
_SMALL, _VISIBLE = 1e-2, 0.1  # an eps of 1e-5 changes nothing that could be seen
_INSTEAD_OF_NONE = 2.0


def choices_of(
    forward: Callable,
    inputs: Mapping[str, Any],
    wrt: tuple[str, ...],
    claim: Claim,
    vary: Mapping[str, Iterable[Any]] | None = None,
    like: Function | None = None,
) -> dict[str, tuple[Any, ...]]:
    """Return values to try for each parameter, besides the one the example has.

    Whole numbers that are only a guess are marked as :class:`~softgrad.check.battery.whole.Near`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If ``vary`` names what the function does not take, or gives it no values.
    """
    parameters = _signature(forward)
    told = _checked(vary, parameters, inputs, wrt)
    dims = max((len(getattr(inputs[name], "shape", ())) for name in wrt), default=0)
    hints = _hints(forward)
    found: dict[str, tuple[Any, ...]] = {}
    for name in dict.fromkeys((*inputs, *parameters, *told)):
        if name in wrt or not (name in inputs or name in told or claim.takes(name)):
            continue
        if name in told:
            values: Iterable[Any] = told[name]
        elif name.startswith("_") or hasattr(inputs.get(name), "shape"):
            continue
        else:
            parameter = parameters.get(name)
            current = inputs.get(name, parameter.default if parameter else None)
            hint = hints.get(name) or _declared(like, name)
            values = () if current is inspect.Parameter.empty else _guess(name, current, hint, dims)
        if kept := tuple(values):
            found[name] = kept
    return found


def _target(forward: Callable) -> tuple[Callable, bool]:
    """Return whose signature tells, and whether its first parameter is autograd's context."""
    owner = getattr(forward, "__self__", None)
    if isinstance(owner, type) and hasattr(owner, "forward"):
        return owner.forward, True
    module = getattr(forward, "forward", None)
    return (module if callable(module) else forward), False


def _signature(forward: Callable) -> dict[str, inspect.Parameter]:
    target, context = _target(forward)
    try:
        found = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return {}
    return {p.name: p for p in found[1 if context else 0 :]}


def _hints(forward: Callable) -> dict[str, Any]:
    target, _ = _target(forward)
    try:
        return typing.get_type_hints(target)
    except Exception:  # hints are other people's code: names that only a type checker can see
        return {}


def _declared(like: Function | None, name: str) -> Any:
    if like is None or name not in like.parameters:
        return None
    hint = like.parameters[name].annotation
    return None if hint is inspect.Parameter.empty else hint


def _checked(
    vary: Any,
    parameters: Mapping[str, inspect.Parameter],
    inputs: Mapping[str, Any],
    wrt: tuple[str, ...],
) -> dict[str, tuple[Any, ...]]:
    if vary is None:
        return {}
    if not isinstance(vary, Mapping):
        raise ArgumentTypeError(
            f"vary must map names of parameters to lists of values; got {type(vary).__name__}"
        )
    told: dict[str, tuple[Any, ...]] = {}
    anything = not parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name, values in vary.items():
        if name in wrt:
            raise ArgumentError(
                f"vary names {name!r}, which is differentiated: its values are varied anyway"
            )
        if not anything and name not in parameters and name not in inputs:
            raise ArgumentError(
                f"vary names {name!r}, which f does not take; it takes {', '.join(parameters)}"
            )
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            raise ArgumentTypeError(
                f"vary[{name!r}] must be a list of values; got {type(values).__name__}"
            )
        told[name] = tuple(values)
        if not told[name]:
            raise ArgumentError(f"vary[{name!r}] is empty: give at least one value")
    return told


def _guess(name: str, current: Any, hint: Any, dims: int) -> Iterable[Any]:
    """Yield other values of a parameter."""
    allowed = _members(hint)
    if allowed:
        yield from (value for value in allowed if value != current)
    elif isinstance(current, bool):
        yield not current
    elif isinstance(current, Enum):
        yield from (value for value in type(current) if value is not current)
    elif isinstance(current, int) and name in _AXES:
        yield from (axis for axis in range(dims) if axis != current % max(dims, 1))
    elif type(current) is int:
        yield from neighbours(current)
    elif isinstance(current, str) and name == "reduction" and current in _REDUCTIONS:
        yield from (value for value in _REDUCTIONS if value != current)
    elif isinstance(current, float) and math.isfinite(current):
        yield _number(current)
    elif current is None and float in _options(hint):
        yield _INSTEAD_OF_NONE


def _number(current: float) -> float:
    if abs(current) < _SMALL:
        return _VISIBLE
    return current * (0.6 if 0 < current < 1 else 1.3)


def _options(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the hint itself."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if union else (hint,)


def _members(hint: Any) -> tuple[Any, ...]:
    """Return what a ``Literal`` or an enumeration allows."""
    found: list[Any] = []
    for option in _options(hint):
        if typing.get_origin(option) is typing.Literal:
            found += typing.get_args(option)
        elif isinstance(option, type) and issubclass(option, Enum):
            found += option
    return tuple(found)
