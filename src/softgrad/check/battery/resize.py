"""The example with some of its axes longer or shorter."""

from collections.abc import Mapping

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.subject.subject import Subject

__all__ = ["Places", "follows", "places", "resized"]

Places = Mapping[str, tuple[int, ...]]
"""Axes of one length, by array."""

_MOST_ENTRIES = 20_000  # of all arrays, where a length is chosen freely


def places(example: Example, length: int) -> Places:
    """Return every axis of this length."""
    found = {
        name: tuple(axis for axis, n in enumerate(array.shape) if n == length)
        for name, array in example.arrays.items()
    }
    return {name: axes for name, axes in found.items() if axes}


def resized(example: Example, at: Places, old: int, new: int) -> Subject | None:
    """Return the example with axes of length ``old`` made ``new`` long.

    ``None`` where it would be too large, or labels do not fit in.
    """
    sizes = (a.size * (new / max(old, 1)) ** len(at.get(n, ())) for n, a in example.arrays.items())
    if sum(sizes) > _MOST_ENTRIES:
        return None
    changed = {}
    for name, array in example.arrays.items():
        made = array
        for axis in at.get(name, ()):
            made = np.take(made, np.arange(new) % max(old, 1), axis=axis)
        if name in example.domains and made.shape != array.shape:
            made = example.domains[name].another(made, example.rng)
        elif array.dtype.kind in "iu" and new < old and array.size:
            # Perhaps indices along that axis, so they keep their distance from its end: a function
            # may add to them, and need not notice an index that is out of range.
            classes = new - max(old - 1 - int(array.max()), 0)
            if classes < 1:
                return None
            made = np.where(made < 0, made, made % classes)
        if made is not array:
            changed[name] = made
    return example.with_(changed)


def follows(example: Example, subject: Subject, old: int, new: int) -> bool:
    """Return whether the function takes it, and the axes of length ``old`` of its output grew."""
    if example.value(subject) is None:
        return False
    expected = [tuple(new if n == old else n for n in shape) for shape in example.shapes]
    return [shape for shape, _ in subject.outputs] == expected
