"""The arguments of the function under check, and the leaves they are made of."""

from collections.abc import Mapping
from typing import Any

from softgrad.check.frameworks import Frame, Inputs
from softgrad.check.subject.binding import by_name
from softgrad.check.subject.quiet import CodeRaised, OneGradient
from softgrad.check.subject.tree import grafted, leaves, matched, opened, walk

__all__ = ["Arguments", "under"]


class Arguments:
    """Arguments by name; those that are containers of arrays are seen leaf by leaf.

    Parameters
    ----------
    frame
        The array library.
    given
        The example's arguments.
    """

    def __init__(self, frame: Frame, given: Mapping[str, Any]) -> None:
        self.frame, self.given = frame, dict(given)
        self.containers = {name for name, value in given.items() if self._holds_arrays(value)}
        self.flat: dict[str, Any] = {}
        for name, value in given.items():
            if name in self.containers:
                self.flat.update(walk(frame, name, value))
            else:
                self.flat[name] = value

    def _holds_arrays(self, value: Any) -> bool:
        if opened(self.frame, value) is None:
            return False
        return any(self.frame.is_array(leaf) for leaf in leaves(self.frame, value))

    def pack(self, flat: Inputs) -> dict[str, Any]:
        """Return the arguments made of these leaves; names that are no leaf's come last."""
        if not self.containers:
            return dict(flat)
        packed = {name: self._packed(name, flat) for name in self.given}
        return packed | {name: flat[name] for name in flat if name not in self.flat}

    def _packed(self, name: str, flat: Inputs) -> Any:
        if name not in self.containers:
            return flat[name]
        return grafted(self.frame, name, self.given[name], lambda leaf, _: flat[leaf])

    def holding(self, wrt: tuple[str, ...]) -> tuple[str, ...]:
        """Return the arguments that the leaves ``wrt`` belong to."""
        return tuple(name for name in self.given if any(under(name, leaf) for leaf in wrt))

    def gradients(
        self, found: Any, wrt: tuple[str, ...], inputs: Inputs, what: str
    ) -> dict[str, Any]:
        """Return what a derivative gave back by leaf; a missing entry is ``None``.

        A container's gradient is built like the container; a dict by the names of leaves will do
        as well, and where one container alone is differentiated, its gradient need not be wrapped.
        """
        if not self.containers:
            return by_name(found, wrt, tuple(inputs), what)
        if len(wrt) == 1 and opened(self.frame, found) is None:
            return {wrt[0]: found}
        try:
            merged: dict[str, Any] = {}
            for name, part in self._by_argument(found, wrt, what).items():
                held = name in self.containers
                merged |= (
                    matched(self.frame, name, self.given[name], part) if held else {name: part}
                )
        except ValueError as told:
            raise CodeRaised(what, told) from None
        if isinstance(found, Mapping):
            merged |= {name: found[name] for name in wrt if name in found}
        return {name: merged[name] for name in wrt}

    def _by_argument(self, found: Any, wrt: tuple[str, ...], what: str) -> dict[str, Any]:
        names = self.holding(wrt)
        if isinstance(found, Mapping) and set(found) & {*names, *wrt}:
            return {name: found.get(name) for name in names}
        if len(names) > 1 and isinstance(found, Mapping):
            told = f"it returned one {type(found).__name__}; expected one for {', '.join(names)}"
            raise OneGradient(what, TypeError(told))
        if len(names) == 1 and names[0] in self.containers:
            wrapped = isinstance(found, (tuple, list)) and len(found) in (1, len(self.given))
            try:
                matched(self.frame, names[0], self.given[names[0]], found)
            except ValueError:
                if not wrapped:
                    raise
            else:
                return {names[0]: found}
        return by_name(found, names, tuple(self.given), what)

    def tangents(self, tangents: Inputs, inputs: Inputs) -> Any:
        """Return tangents by leaf as a ``jvp`` takes them: built like the arguments they belong to.

        A leaf without a tangent has ``None``.
        """
        handed = [
            grafted(self.frame, name, self.given[name], lambda leaf, _: tangents.get(leaf))
            if name in self.containers
            else tangents[name]
            for name in self.holding(tuple(tangents))
        ]
        return handed[0] if len(handed) == 1 else tuple(handed)


def under(path: str, leaf: str) -> bool:
    """Return whether a leaf's name is ``path`` or goes through it."""
    return leaf == path or (leaf.startswith(path) and leaf[len(path)] in ".[")
