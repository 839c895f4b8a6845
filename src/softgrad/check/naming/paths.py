"""Guesses that one way from the input to the outputs is left out, whatever the others are."""

from collections.abc import Iterator
from math import prod

import numpy as np

from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair

__all__ = ["paths"]

Axes = tuple[int, ...]


def paths(p: Pair) -> Iterator[Guess]:
    """Look at claim − truth: it may be one vector, known, times anything."""
    if p.y is None or not p.live.any() or p.eps > 1e-4:
        return
    yield from _not_removed(p)
    yield from _held(p)


def _not_removed(p: Pair) -> Iterator[Guess]:
    """Predict a part along 1 or x that the right gradient does not have."""
    known = (("mean", np.ones(p.x.shape)), (f"part along {p.name}", p.x))
    for label, values in known:
        vector = values[None]
        for axes in _sets(p.x.shape):
            along = tuple(a + 1 for a in axes)
            true = p.true.reshape(-1, *p.x.shape)
            if not p.close(np.sum(true * vector, along), np.zeros(1)):
                continue
            predicted = _added(p, true, (p.claimed - p.true).reshape(true.shape), vector, along)
            if predicted is not None:
                told = f"its {label} over {_words(axes)} is not removed; the right one has none"
                yield p.guess("missing_term", told, predicted)


def _held(p: Pair) -> Iterator[Guess]:
    """Predict that a factor or a shift which several outputs share is taken as constant."""
    assert p.y is not None
    shape = (*p.y.shape, p.x.size)
    for what, vector in (
        ("goes with y, as if what they are divided by", p.y),
        ("is the same, as if what is added to them", np.ones(p.y.shape)),
    ):
        for axes in _sets(p.y.shape):
            gap = (p.claimed - p.true).reshape(shape)
            predicted = _added(p, p.true.reshape(shape), gap, vector[..., None], axes)
            if predicted is not None:
                told = f"what is missing for outputs along {_words(axes)} {what} were constant"
                yield p.guess("missing_term", told, predicted)


def _added(
    p: Pair, true: np.ndarray, gap: np.ndarray, vector: np.ndarray, axes: Axes
) -> np.ndarray | None:
    """Return truth + a multiple of the vector along each line, if that is the claim."""
    weight = np.sum(vector * vector, axes, keepdims=True)
    if not (weight > 0).all():
        return None
    predicted = true + vector * np.sum(vector * gap, axes, keepdims=True) / weight
    predicted = predicted.reshape(p.true.shape)
    return predicted if p.close(p.claimed, predicted) else None


def _sets(shape: tuple[int, ...]) -> Iterator[Axes]:
    """Yield the last axis, the other single ones, and all of them; none of a single entry."""
    for axis in reversed(range(len(shape))):
        if shape[axis] > 1:
            yield (axis,)
    if len(shape) > 1 and prod(shape) > max(shape):
        yield tuple(range(len(shape)))


def _words(axes: Axes) -> str:
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"
