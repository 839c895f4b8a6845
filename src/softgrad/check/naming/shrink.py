"""Smaller examples of the same function: axes of one length are cut together."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from softgrad.check.naming.experiment import arrays
from softgrad.check.naming.instance import MOST_OUTPUTS
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["shortened", "smaller"]

_OUTPUTS = 64
_SHORTEST, _LONGEST = 4, 24
_MOST_ENTRIES = 2048
_SQUARES = {4, 9, 16}  # a factor √n would pass for a count


def smaller(subject: Subject) -> Iterator[Subject]:
    """Yield examples small enough to be measured entry by entry, if the function takes them."""
    for cut, ends in product(_cuts(subject), (False, True)):
        changed = shortened(subject, cut, ends=ends)
        if not changed:
            continue
        less = subject.replace(changed)
        try:
            y = less.forward()
        except CodeRaised:
            continue
        widest = max(int(np.prod(shape)) for shape in less.shapes.values())
        if y.size <= MOST_OUTPUTS and widest <= _MOST_ENTRIES and np.isfinite(y).any():
            yield less


def _cuts(subject: Subject) -> Iterator[dict[int, int]]:
    """Yield which axis lengths become which: all long ones, then fewer of them."""
    lengths = {n for value in arrays(subject).values() for n in value.shape}
    long = sorted((n for n in lengths if n > _SHORTEST), reverse=True)
    main = max(subject.shapes.values(), key=lambda shape: int(np.prod(shape)))
    chosen = [tuple(long), main[:1], main[-1:], main[1:-1], *((n,) for n in long)]
    seen: set[tuple[int, ...]] = set()
    for some in chosen:
        some = tuple(n for n in long if n in some)
        if some and some not in seen:
            seen.add(some)
            yield _targets(some, lengths, main)


def _targets(some: tuple[int, ...], lengths: set[int], main: tuple[int, ...]) -> dict[int, int]:
    """Return new lengths, all different, such that about 64 entries are left."""
    rest = int(np.prod([n for n in main if n not in some]))
    count = max(1, sum(n in some for n in main))
    base = int((_OUTPUTS / max(rest, 1)) ** (1 / count))
    base = min(max(base, _SHORTEST), _LONGEST)
    taken = lengths - set(some)
    found: dict[int, int] = {}
    for n in some:
        free = (base + step for step in (0, -1, 1, -2, 2, 3, 4, 5, 6, 7, 8))
        found[n] = next((k for k in free if k > 1 and k not in taken | _SQUARES), base)
        found[n] = min(found[n], n)
        taken.add(found[n])
    return {n: k for n, k in found.items() if k < n}


def shortened(subject: Subject, cut: dict[int, int], *, ends: bool = False) -> dict[str, object]:
    """Return the arrays that a cut changes, cut at their beginnings or their ends.

    Indices into an axis that is cut are folded into what is left of it.
    """
    changed: dict[str, object] = {}
    shorter = False
    for name, array in arrays(subject).items():
        new = array
        for axis, n in enumerate(array.shape):
            if n in cut:
                kept = range(n - cut[n], n) if ends else range(cut[n])
                new = np.take(new, kept, axis=axis)
        shorter |= new.shape != array.shape
        if array.dtype.kind in "iu" and array.size:
            new = _folded(new, cut)
        if new.shape != array.shape or not np.array_equal(new, array, equal_nan=False):
            like = subject.inputs[name]
            changed[name] = subject.frame.like(np.ascontiguousarray(new), like)
    return changed if shorter else {}


def _folded(index: np.ndarray, cut: dict[int, int]) -> np.ndarray:
    """Return class or row numbers that exist after the cut; negative marks stay."""
    largest = int(index.max())
    into = [new for old, new in cut.items() if old > largest]
    if not into:
        return index
    return np.where(index < 0, index, index % min(into)).astype(index.dtype)
