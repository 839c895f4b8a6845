"""How a hand-written derivative wants its arguments: by name where names tell, else by position."""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from softgrad.check.subject.quiet import CodeRaised, OneGradient

__all__ = ["bind", "by_name", "input_names", "takes_keywords"]

_UPSTREAM = (
    "g",
    "gy",
    "dy",
    "dout",
    "grad",
    "grad_out",
    "grad_output",
    "upstream",
    "upstream_grad",
    "cotangent",
    "ct",
    "d_out",
    "dL",
    "dL_dy",
    "dz",
    "gradient",
)
"""Usual names of the upstream gradient."""

_OUTPUT = ("y", "out", "output", "result", "p", "probs", "probabilities", "s")
"""Usual names of the forward's own output."""


def _parameters(function: Callable) -> list[inspect.Parameter] | None:
    try:
        return _signature(function)
    except TypeError:  # a callable that cannot be hashed
        return _signature.__wrapped__(function)


@lru_cache(maxsize=64)
def _signature(function: Callable) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def input_names(function: Callable, count: int) -> tuple[str, ...]:
    """Return names for ``count`` positional inputs, from the function's signature if it has one."""
    parameters = _parameters(function) or []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in kinds][:count]
    names += [f"input{i}" for i in range(len(names), count)]
    return tuple(names)


def takes_keywords(function: Callable, names: Mapping[str, Any]) -> bool:
    """Return whether ``function`` accepts every name as a keyword."""
    parameters = _parameters(function)
    if parameters is None:
        return False
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return True
    allowed = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return set(names) <= allowed


def bind(
    function: Callable, first: Any, output: Any, inputs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments with which to call a derivative.

    The parameter with an upstream gradient's usual name, or else the first one, receives ``first``
    (nothing does if it is ``None``); a parameter with an output's usual name, ``y`` before all,
    that is no input receives ``output``; the others receive the inputs of the same name, or the
    inputs in order where the names say nothing.
    """
    parameters = _parameters(function)
    if parameters is None:
        return [*([] if first is None else [first]), *inputs.values()], {}
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    given: dict[str, Any] = {}
    if first is not None and named:
        usual = [p.name for p in named if p.name in _UPSTREAM and p.name not in inputs]
        given[usual[0] if usual else named[0].name] = first
    free = {p.name for p in named} - set(inputs) - set(given)
    for name in _OUTPUT:
        if name in free:
            given[name] = output
            break
    open_ = [p for p in named if p.name not in given]
    matching = [p.name for p in open_ if p.name in inputs]
    needed = [p.name for p in open_ if p.default is p.empty]
    if set(needed) <= set(matching):
        given.update({name: inputs[name] for name in matching})
    else:
        given.update(dict(zip((p.name for p in open_), inputs.values(), strict=False)))
    rest = {name: value for name, value in inputs.items() if name not in given}
    return _placed(parameters, given, rest, first)


def _placed(
    parameters: list[inspect.Parameter],
    given: dict[str, Any],
    rest: dict[str, Any],
    first: Any,
) -> tuple[list[Any], dict[str, Any]]:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            args += [first] if first is not None and not args else []
            args += rest.values()
        elif p.kind is p.VAR_KEYWORD:
            kwargs.update(rest)
        elif p.name in given:
            if p.kind is p.KEYWORD_ONLY:
                kwargs[p.name] = given[p.name]
            else:
                args.append(given[p.name])
    return args, kwargs


def by_name(found: Any, wrt: tuple[str, ...], inputs: tuple[str, ...], what: str) -> dict[str, Any]:
    """Return what a derivative gave back as a dict over ``wrt``; a missing entry is ``None``."""
    if isinstance(found, Mapping):
        return {name: found.get(name) for name in wrt}
    if isinstance(found, (tuple, list)):
        if len(found) == len(wrt):
            return dict(zip(wrt, found, strict=True))
        if len(found) == len(inputs):
            whole = dict(zip(inputs, found, strict=True))
            return {name: whole[name] for name in wrt}
        told = f"it returned {len(found)} gradients; expected {len(wrt)}, for {', '.join(wrt)}"
        raise CodeRaised(what, ValueError(told))
    if len(wrt) == 1:
        return {wrt[0]: found}
    told = f"it returned one {type(found).__name__}; expected a dict or tuple for {', '.join(wrt)}"
    raise OneGradient(what, TypeError(told))
