"""The layers that a model holds, and those that a function runs."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from softgrad.check.subject.layers import is_layer
from softgrad.check.subject.objects import reached

__all__ = ["held", "layers_of"]


def layers_of(*roots: Any) -> dict[str, Any]:
    """Return the layers that models and functions lead to, by the expressions that reach them."""
    return {
        name.lstrip("."): each
        for name, each in held(*roots)
        if is_layer(each) and not isinstance(each, type)
    }


def held(*roots: Any) -> Iterator[tuple[str, Any]]:
    """Yield all that models hold and functions refer to, each once."""
    seen: dict[int, Any] = {}
    for root in roots:
        for name, value in _opened("", root, {}):
            yield from reached(name, value, seen)


def _opened(name: str, value: Any, seen: dict[int, Any]) -> Iterator[tuple[str, Any]]:
    """Yield a value, or what a function refers to: variables, arguments kept for it, its object."""
    if id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, partial):
        for child in (value.func, *value.args, *value.keywords.values()):
            yield from _opened(name, child, seen)
    elif inspect.ismethod(value):
        yield from _opened(name, value.__self__, seen)
    elif inspect.isfunction(value):
        for name, child in _referred(value).items():
            yield from _opened(name, child, seen)
    else:
        yield name, value


def _referred(function: Callable) -> dict[str, Any]:
    found = inspect.getclosurevars(function)
    return {**found.globals, **found.nonlocals}
