"""What an object holds: everything that containers and attributes lead to."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["generators", "reached"]

_MOST = 10_000
"""A longer list or dict holds data, not parts."""
_LEAVES = (np.ndarray, np.generic, str, bytes, int, float, complex, type(None), type, ModuleType)
_GENERATORS = (np.random.Generator, np.random.RandomState)


def reached(name: str, value: Any, seen: dict[int, Any] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield ``value`` and all that it holds, each once, with the expression that reaches it.

    What ``seen`` holds is passed over; functions are yielded and not entered.
    """
    seen = {} if seen is None else seen
    if id(value) in seen:
        return
    seen[id(value)] = value
    yield name, value
    for key, child in _held(value):
        if not isinstance(child, _LEAVES):
            yield from reached(f"{name}{key}", child, seen)


def generators(value: Any) -> list[tuple[Any, Any]]:
    """Return the random generators that an object holds, by what holds their state."""
    held: list[Any] = [each for _, each in reached("", value) if isinstance(each, _GENERATORS)]
    bits = [getattr(each, "bit_generator", None) or each._bit_generator for each in held]
    return [(each, each.state) for each in bits]


def _held(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, (list, tuple)):
        return [(f"[{k}]", each) for k, each in enumerate(value)] if len(value) <= _MOST else []
    if isinstance(value, Mapping):
        return [(f"[{k!r}]", each) for k, each in value.items()] if len(value) <= _MOST else []
    if callable(value) and hasattr(value, "__code__"):
        return []
    return [(f".{name}", each) for name, each in getattr(value, "__dict__", {}).items()]
