"""Containers of arrays: their leaves are named by the Python expression that reaches them.

``params['w']``, ``params.w`` and ``layers[0].weight`` name leaves of a dict, of a named tuple,
dataclass or module, and of a list. An array that is an argument by itself has its plain name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from typing import Any

from softgrad.check.frameworks import Frame, Node

__all__ = ["grafted", "leaves", "matched", "opened", "walk"]


def opened(frame: Frame, value: Any) -> Node | None:
    """Return a container opened by one level: Python's own, a dataclass, or the library's."""
    if frame.is_array(value) or isinstance(value, (str, bytes, int, float, type)) or value is None:
        return None
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        keys = tuple(f".{name}" for name in value._fields)
        return Node(keys, tuple(value), lambda new: type(value)(*new))
    if isinstance(value, (list, tuple)):
        keys = tuple(f"[{i}]" for i in range(len(value)))
        return Node(keys, tuple(value), lambda new: type(value)(new))
    if isinstance(value, Mapping):
        keys = tuple(f"[{key!r}]" for key in value)
        return Node(keys, tuple(value.values()), lambda new: _mapping(value, new))
    if (node := frame.opened(value)) is not None:
        return node
    if is_dataclass(value):
        names = tuple(f.name for f in fields(value))
        children = tuple(getattr(value, name) for name in names)
        return Node(tuple(f".{n}" for n in names), children, lambda new: _with(value, names, new))
    return None


def _mapping(value: Mapping, new: Sequence[Any]) -> Mapping:
    pairs = zip(value, new, strict=True)
    if not isinstance(value, dict):
        return type(value)(dict(pairs))  # type: ignore[call-arg]
    other = copy(value)  # a defaultdict keeps its factory
    other.update(pairs)
    return other


def _with(value: Any, names: Sequence[str], new: Sequence[Any]) -> Any:
    other = copy(value)
    for name, each in zip(names, new, strict=True):
        object.__setattr__(other, name, each)
    return other


def walk(frame: Frame, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of ``value`` with their names, which begin with ``name``."""
    node = opened(frame, value)
    if node is None:
        yield name, value
    else:
        for key, child in zip(node.keys, node.children, strict=True):
            yield from walk(frame, name + key, child)


def leaves(frame: Frame, value: Any) -> list[Any]:
    """Return the leaves of ``value`` that are not ``None``."""
    return [leaf for _, leaf in walk(frame, "", value) if leaf is not None]


def grafted(frame: Frame, name: str, value: Any, new: Callable[[str, Any], Any]) -> Any:
    """Return the same containers, each leaf replaced by ``new(its name, itself)``."""
    node = opened(frame, value)
    if node is None:
        return new(name, value)
    pairs = zip(node.keys, node.children, strict=True)
    return node.rebuild([grafted(frame, name + key, child, new) for key, child in pairs])


def matched(frame: Frame, name: str, value: Any, found: Any) -> dict[str, Any]:
    """Return what stands in ``found``, a gradient of ``value``, at the names of its leaves.

    Raises
    ------
    ValueError
        If ``found`` is not built like ``value``; ``None`` stands for any missing part.
    """
    node = opened(frame, value)
    if node is None and any(map(frame.is_array, _inside(frame, found))):
        raise ValueError(f"the gradient of {name}, an array, is {_described(frame, found)}")
    if node is None:
        return {name: found}
    if found is None:
        return {leaf: None for leaf, _ in walk(frame, name, value)}
    parts = _parts(frame, node, found)
    if parts is None:
        told = f"of {name}, a {type(value).__name__} of {_listed(node.keys)}"
        raise ValueError(f"the gradient {told}, is {_described(frame, found)}")
    merged: dict[str, Any] = {}
    for key, child, part in zip(node.keys, node.children, parts, strict=True):
        merged |= matched(frame, name + key, child, part)
    return merged


def _parts(frame: Frame, node: Node, found: Any) -> list[Any] | None:
    """Return the parts of ``found`` that belong to a node's children, ``None`` if it is no match.

    A list or tuple counts by position, anything else by key: a dict may hold the gradients of a
    named tuple. A key that is left out is a missing gradient; one too many is no match.
    """
    other = opened(frame, found)
    if other is None:
        return None
    if type(found) in (list, tuple):
        return [*other.children] if len(other.keys) == len(node.keys) else None
    held = {_plain(key): part for key, part in zip(other.keys, other.children, strict=True)}
    wanted = [_plain(key) for key in node.keys]
    return [held.get(key) for key in wanted] if set(held) <= set(wanted) else None


def _inside(frame: Frame, value: Any) -> list[Any]:
    return [] if opened(frame, value) is None else leaves(frame, value)


def _plain(key: str) -> str:
    return key.strip(".[]'\"")


def _listed(keys: Sequence[str]) -> str:
    shown = ", ".join(_plain(key) for key in keys[:6])
    return shown + (", …" if len(keys) > 6 else "")


def _described(frame: Frame, found: Any) -> str:
    node = opened(frame, found)
    return f"a {type(found).__name__}" + (f" of {_listed(node.keys)}" if node else "")
