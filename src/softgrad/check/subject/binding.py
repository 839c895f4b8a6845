"""How a hand-written derivative wants its arguments: by name where names tell, else by position."""

import inspect
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from softgrad.check.subject.quiet import CodeRaised, OneGradient

__all__ = ["Bound", "bind", "by_name", "input_names", "takes_keywords"]

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


class Bound:
    """A hand-written derivative, called with what the names of its parameters ask for.

    Parameters
    ----------
    function
        The derivative.
    """

    def __init__(self, function: Callable) -> None:
        self.function = function
        self._wired: dict[tuple, _Wiring] = {}

    @property
    def names(self) -> set[str]:
        """The names of its parameters."""
        return {p.name for p in _parameters(self.function) or []}

    def __call__(self, first: Any, output: Any, inputs: Mapping[str, Any]) -> Any:
        """Call it; see :func:`bind`."""
        args, kwargs = self.arguments(first, output, inputs)
        return self.function(*args, **kwargs)

    def arguments(
        self, first: Any, output: Any, inputs: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return what it is called with."""
        key = (first is None, *inputs)
        if key not in self._wired:
            self._wired[key] = _wiring(self.function, first is not None, tuple(inputs))
        sources = {_Source.UPSTREAM: first, _Source.OUTPUT: output, **inputs}
        args, kwargs = self._wired[key]
        return [sources[s] for s in args], {name: sources[s] for name, s in kwargs.items()}


class _Source(Enum):
    UPSTREAM = auto()
    OUTPUT = auto()


_Key = _Source | str
_Wiring = tuple[list[_Key], dict[str, _Key]]


def bind(
    function: Callable, first: Any, output: Any, inputs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments with which to call a derivative.

    The parameter with an upstream gradient's usual name, or else the first one, receives ``first``
    (nothing does if it is ``None``); a parameter with an output's usual name, ``y`` before all,
    that is no input receives ``output``; the others receive the inputs of the same name, or the
    inputs in order where the names say nothing.
    """
    return Bound(function).arguments(first, output, inputs)


def _wiring(function: Callable, upstream: bool, inputs: tuple[str, ...]) -> _Wiring:
    """Return which source each argument comes from."""
    parameters = _parameters(function)
    if parameters is None:
        return [*([_Source.UPSTREAM] if upstream else []), *inputs], {}
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    given: dict[str, _Key] = {}
    if upstream and named:
        usual = [p.name for p in named if p.name in _UPSTREAM and p.name not in inputs]
        given[usual[0] if usual else named[0].name] = _Source.UPSTREAM
    free = {p.name for p in named} - set(inputs) - set(given)
    for name in _OUTPUT:
        if name in free:
            given[name] = _Source.OUTPUT
            break
    open_ = [p for p in named if p.name not in given]
    matching = [p.name for p in open_ if p.name in inputs]
    needed = [p.name for p in open_ if p.default is p.empty]
    if set(needed) <= set(matching):
        given.update({name: name for name in matching})
    else:
        given.update(dict(zip((p.name for p in open_), inputs, strict=False)))
    rest = [name for name in inputs if name not in given]
    args: list[_Key] = []
    kwargs: dict[str, _Key] = {}
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            args += [_Source.UPSTREAM] if upstream and not args else []
            args += rest
        elif p.kind is p.VAR_KEYWORD:
            kwargs.update({name: name for name in rest})
        elif p.name in given and p.kind is p.KEYWORD_ONLY:
            kwargs[p.name] = given[p.name]
        elif p.name in given:
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
