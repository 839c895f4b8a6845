"""Calls of one member on one array, known by their options: nothing is traced but the first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any, TypeGuard

import numpy as np

from softgrad import native
from softgrad.axis import Axis
from softgrad.declare import Leaf, Member, Node

__all__ = ["Calls", "Whole"]

PLAIN = {int, float, bool, str, NoneType}
"""Types of options that say all about themselves."""

MOST = 256
"""Kinds of calls to remember."""


@dataclass(frozen=True, eq=False)
class Whole:
    """A member that is a whole call.

    Parameters
    ----------
    member, axis, constants
        As in the graph.
    kernel
        ``kernel(x, out)`` returns the value, in ``out`` if that is not None; or None if the kernel
        does not take both as they lie, or there is none.
    """

    member: Member
    axis: Axis | None
    constants: Mapping[str, Any]
    kernel: Callable[[Any, Any], Any]

    def is_like(self, other: "Whole | Node") -> bool:
        """Tell whether another one does the same."""
        same = self.member is other.member and self.axis == other.axis
        return same and self.constants == other.constants


class Calls:
    """A function's calls that one member is the whole of, by their options.

    Parameters
    ----------
    trace
        Returns the graph of a call, given its arguments.
    """

    def __init__(self, trace: Callable[[tuple, Mapping[str, Any]], Node | Leaf]) -> None:
        self._trace = trace
        self._known: dict[tuple, Whole | None] = {}

    def __call__(self, ndim: int, args: tuple, kwargs: Mapping[str, Any]) -> Whole | None:
        """Return the call of an array of so many dimensions, followed by these arguments."""
        if args or kwargs:
            given = (*args, *kwargs.values())
            types = (*map(type, given),)
            if not PLAIN.issuperset(types):
                return None
            key = (ndim, *kwargs, *given, *types)
        else:
            key = (ndim,)
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= MOST:
                self._known.clear()
            found = self._known[key] = self._found(ndim, args, kwargs)
            return found

    @cached_property
    def kernel(self) -> Callable[[Any, Any], Any]:
        """The kernel of an array of any dimensions and nothing else, as in :class:`Whole`."""
        found = [self(ndim, (), {}) for ndim in (1, 2, 3)]
        first = found[0]
        if first and all(other and first.is_like(other) for other in found):
            return first.kernel
        return _none

    def _found(self, ndim: int, args: tuple, kwargs: Mapping[str, Any]) -> Whole | None:
        # what depends on an array's size or dtype shows in two that share neither
        probes = np.zeros((1,) * ndim, np.float32), np.zeros((3,) * ndim, np.float64)
        try:
            root, other = (self._trace((x, *args), kwargs) for x in probes)
        except (TypeError, ValueError):
            return None  # whoever runs the call will say it of its own array
        if not _is_bare(root) or not _is_bare(other):
            return None
        kernel = native.applier(root.member.name, root.axis, tuple(root.constants.values()))
        found = Whole(root.member, root.axis, root.constants, kernel or _none)
        return found if found.is_like(other) else None


def _is_bare(root: Node | Leaf) -> TypeGuard[Node]:
    """Tell whether a graph is one member applied to the one input itself."""
    if not isinstance(root, Node) or root.arrays or len(root.inputs) > 1:
        return False
    return all(isinstance(given, Leaf) for given in root.inputs.values())


def _none(x: Any, out: Any) -> None:
    return None
