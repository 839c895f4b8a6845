"""Putting back what a run of layers has changed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from softgrad.audit.layers.tree import held
from softgrad.check.subject.objects import generators

__all__ = ["kept"]


def kept(*roots: Any) -> Callable[[], None]:
    """Return what puts models back as they are now: attributes, contents, arrays, generators."""
    everything = [each for _, each in held(*roots)]
    states = [state for each in everything for state in generators(each)]
    undone = [undo for each in everything for undo in _undone(each)]

    def restore() -> None:
        for undo in undone:
            undo()
        for generator, state in states:
            generator.state = state

    return restore


def _undone(value: Any) -> list[Callable[[], None]]:
    """Return what undoes changes of one object and of the arrays that it holds itself."""
    if isinstance(value, list):
        holder, inside = value, list(value)
        again: Callable[[], None] = lambda: holder.__setitem__(slice(None), inside)  # noqa: E731
    else:
        holder = value if isinstance(value, dict) else getattr(value, "__dict__", None)
        if not isinstance(holder, dict):
            return []
        whole = dict(holder)
        inside = [*whole.values()]

        def again() -> None:
            holder.clear()
            holder.update(whole)

    return [again, *(_refilled(each) for each in inside if isinstance(each, np.ndarray))]


def _refilled(array: np.ndarray) -> Callable[[], None]:
    before = array.copy()

    def refill() -> None:
        if array.flags.writeable and not _same(array, before):
            array[...] = before

    return refill


def _same(one: np.ndarray, two: np.ndarray) -> bool:
    return one.tobytes() == two.tobytes()
