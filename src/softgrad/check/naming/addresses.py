"""Guesses that contributions go to, or come from, the wrong place of an array."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from softgrad.check.naming.experiment import arrays, status
from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair
from softgrad.check.naming.shrink import shortened
from softgrad.check.subject.subject import Subject

__all__ = ["exchanged_lengths", "negative_index", "overwritten"]


def overwritten(subject: Subject, p: Pair) -> Iterator[Guess]:
    """Where an index repeats, all uses but one are lost."""
    lost = p.live & ~p.right
    gone, alive = (np.logical_or.reduce(each, axis=1) for each in (lost, p.live))
    partly = (p.live & p.right).any(axis=1) & gone
    if p.y is None or not gone.any() or partly.any() or (p.filled & ~p.right).any():
        return
    for name, index in _indices(subject).items():
        if p.y.shape[: index.ndim] != index.shape:
            continue
        lost_at, alive_at = (each.reshape(index.size, -1).any(1) for each in (gone, alive))
        for keys in _uses(index):
            _, use = np.unique(keys[:, alive_at], axis=1, return_inverse=True)
            kept = np.bincount(use.ravel(), ~lost_at[alive_at])
            if (kept == 1).all():
                told = f"where {name} repeats, only one use counts"
                yield p.place("scatter_overwrite", told, lost)
                return


def _uses(index: np.ndarray) -> Iterator[np.ndarray]:
    """Yield what may tell which place an index means: its value, or that and where it stands."""
    value = index.reshape(1, -1)
    yield value
    places = np.indices(index.shape).reshape(index.ndim, -1)
    for axis in range(index.ndim):
        if index.ndim > 1:
            yield np.concatenate([value, np.delete(places, axis, 0)])


def negative_index(subject: Subject, p: Pair, seed: int) -> Iterator[Guess]:
    """Look where a negative index, which the function passes over, leads to from the end."""
    wrong = (~p.right).any(0).reshape(p.x.shape)
    for name, index in _indices(subject).items():
        marks = np.unique(index[index < 0])
        for axis, length in enumerate(p.x.shape):
            if not marks.size or marks.min() < -length:
                continue
            here = np.isin(np.arange(length), marks + length)
            others = tuple(a for a in range(p.x.ndim) if a != axis)
            if not np.array_equal(wrong.any(axis=others), here):
                continue
            kept = subject.frame.like(np.where(index < 0, 0, index), subject.inputs[name])
            if status(subject, seed, {name: kept}) == "right":
                mark, place = int(-marks[-1]), int(marks[-1]) + length
                told = f"all is right without {name} = −{mark}"
                told += f", which is taken for index {place} of axis {axis}"
                yield p.place("index_wrap", told, ~p.right)
                return


def exchanged_lengths(subject: Subject, p: Pair, seed: int) -> Iterator[Guess]:
    """Right wherever two axes have one length: an offset takes the one for the other."""
    sizes = (np.sort(np.abs(each).ravel()) for each in (p.claimed, p.true))
    if not p.close(*sizes):
        return
    for a, b in combinations(range(p.x.ndim), 2):
        one, other = p.x.shape[a], p.x.shape[b]
        length = min(one, other)
        if one == other or length < 3:
            continue
        cuts = [{one: n, other: n} for n in (length, length - 1)]
        cuts.append({one: length, other: length - 1})
        looks = [
            status(subject, seed, shortened(subject, {k: n for k, n in cut.items() if n < k}))
            for cut in cuts
        ]
        if looks == ["right", "right", "wrong"]:
            told = f"all is right where axes {a} and {b} have one length"
            yield p.place("index_wrap", f"{told}: an offset takes one for the other", ~p.right)
            return


def _indices(subject: Subject) -> dict[str, np.ndarray]:
    return {k: a for k, a in arrays(subject).items() if a.ndim and a.dtype.kind in "iu"}
