"""Rows on dimensions: an axis more, of length 1 or of samples, wherever the function takes it."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant
from softgrad.check.subject.subject import Subject

__all__ = ["RANKS"]

_STACKED = 3


def _groups(example: Example) -> list[tuple[str, ...]]:
    """Return which arrays may get the axis: all samples together, or the input alone."""
    first = example.subject.wrt[0]
    count = example.main.shape[0]
    together = [n for n, a in example.arrays.items() if a.ndim and a.shape[0] == count]
    return list(dict.fromkeys((tuple(together), (first,))))


def _axis_of_one(example: Example) -> Iterator[Variant]:
    """Insert an axis of length 1 before and after the samples; the value must be the same."""
    if not example.main.ndim:
        return
    for axis in range(min(2, example.main.ndim))[::-1]:
        for names in _groups(example):
            wider = example.with_({n: np.expand_dims(example.arrays[n], axis) for n in names})
            if _alike(example, wider, axis):
                told = f"{example.subject.wrt[0]} has an axis of length 1 at position {axis}"
                yield Variant(told, wider, foreign=True)
                break


def _alike(example: Example, wider: Subject, axis: int) -> bool:
    if not example.same(example.value(wider), example.output):
        return False
    pairs = zip(wider.outputs, example.shapes, strict=True)
    return all(not old or new == (*old[:axis], 1, *old[axis:]) for (new, _), old in pairs)


def _stacked(example: Example) -> Iterator[Variant]:
    """Stack three examples, where the function's value is that of each, or their sum or mean."""
    main = example.main
    if not main.ndim or not main.size or main.shape[0] in main.shape[1:]:
        return
    for names in _groups(example):
        layers = [_layer(example, names, k) for k in range(_STACKED)]
        values = [v for k in layers if (v := example.value(example.with_(k))) is not None]
        stack = {name: np.stack([layer[name] for layer in layers]) for name in names}
        subject = example.with_(stack)
        whole = example.value(subject)
        if whole is None or [v.size for v in values] != _STACKED * [example.output.size]:
            continue
        if _is_stack(example, subject, whole, np.stack(values)):
            told = f"{example.subject.wrt[0]} has {main.ndim + 1} axes"
            yield Variant(told, subject, foreign=True)
            return


def _layer(example: Example, names: tuple[str, ...], k: int) -> dict[str, np.ndarray]:
    found = {}
    for name in names:
        array = example.arrays[name]
        if k and name in example.subject.wrt:
            array = example.domains[name].another(array, example.rng)
        found[name] = array
    return found


def _is_stack(example: Example, subject: Subject, whole: np.ndarray, parts: np.ndarray) -> bool:
    if example.shapes == [()]:
        return any(example.same(whole, made.ravel()) for made in (parts.sum(0), parts.mean(0)))
    shapes = [(_STACKED, *shape) for shape in example.shapes]
    return (
        len(shapes) == 1
        and [shape for shape, _ in subject.outputs] == shapes
        and example.same(whole, parts.ravel())
    )


RANKS: tuple[Row, ...] = (
    Row("an axis of length 1", _axis_of_one, compiled=0),
    Row("stacked examples", _stacked, compiled=0),
)
