"""Rows on the axes between the first and the last: sequences, heads, channels, image heights."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.resize import Places, follows, places, resized
from softgrad.check.battery.variant import Row, Variant
from softgrad.check.subject.subject import Subject

__all__ = ["AXES"]


def _every_axis(example: Example) -> Iterator[Variant]:
    """Double each length that is neither the last axis's nor the number of samples."""
    main, arrays = example.main, example.arrays.values()
    if not main.ndim:
        return
    inner = {n for array in arrays for n in array.shape[1:]}
    for old in dict.fromkeys(n for array in arrays for n in array.shape):
        samples = old == main.shape[0] and old not in inner
        if old == main.shape[-1] or samples or not old:
            continue
        at = places(example, old)
        subject = resized(example, at, old, 2 * old)
        if subject is None or not any(name in example.subject.wrt for name in at):
            continue
        plain = follows(example, subject, old, 2 * old)
        if (plain or _grows(example, subject, at, old)) and _matter(example, subject, at, old):
            yield Variant(_told(at, 2 * old), subject, foreign=not plain)


def _one_axis(example: Example) -> Iterator[Variant]:
    """Double one of several axes of the same length, where the output grows with it."""
    name, main = example.subject.wrt[0], example.main
    for axis in range(1, main.ndim - 1):
        old, at = main.shape[axis], {name: (axis,)}
        if not old or places(example, old) == at:
            continue
        subject = resized(example, at, old, 2 * old)
        if subject is not None and _grows(example, subject, at, old):
            yield Variant(f"{_told(at, 2 * old)} and no other", subject, foreign=True)


def _grows(example: Example, twice: Subject, at: Places, old: int) -> bool:
    """Return whether the output grows from once to twice to three times the length by as much."""
    if example.value(twice) is None:
        return False
    thrice = resized(example, at, old, 3 * old)
    if thrice is None or example.value(thrice) is None:
        return False
    seen = (example.shapes, *([shape for shape, _ in s.outputs] for s in (twice, thrice)))
    one, two, three = (np.concatenate(shapes) if shapes else np.zeros(0) for shapes in seen)
    ranks = [[len(shape) for shape in shapes] for shapes in seen]
    return (
        ranks[0] == ranks[1] == ranks[2]
        and np.array_equal(two - one, three - two)
        and bool((two >= one).all() and (two > one).any())
    )


def _matter(example: Example, subject: Subject, at: Places, old: int) -> bool:
    """Return whether the output depends on the entries added."""
    changed = {}
    for name in set(at) & set(subject.wrt):
        moved = subject.arrays[name].copy()
        for axis in at[name]:
            np.moveaxis(moved, axis, 0)[old:] *= 0.9
        changed[name] = subject.given(name, moved)
    there = example.value(subject.replace(changed))
    return there is not None and not np.array_equal(subject.forward(), there)


def _told(at: Places, new: int) -> str:
    axes = {axis for found in at.values() for axis in found}
    name, *_ = names = list(at) if len(axes) == 1 else list(at)[:1]
    told = name if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"axis {at[name][0]} of {told} is {new} long"


AXES: tuple[Row, ...] = (
    Row("every axis", _every_axis, compiled=2),
    Row("one axis of several", _one_axis, compiled=1),
)
