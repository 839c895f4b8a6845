"""Names found at changed examples: where the claim is right there, or breaks."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.naming.experiment import arrays, changed, status
from softgrad.check.naming.guess import Guess
from softgrad.check.report.finding import Finding
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["kept_by_shape", "normalized_target", "square"]


def normalized_target(subject: Subject, seed: int) -> Iterator[Guess]:
    """Scale the rows of a constant input to sums of 1."""
    for name, array in arrays(subject).items():
        if name in subject.wrt or array.ndim < 1 or array.dtype.kind not in "fiu":
            continue
        total = array.sum(-1, keepdims=True)
        plain = (array < 0).any() or not (total > 0).all() or np.allclose(total, 1)
        if plain or not subject.frame.is_floating(subject.inputs[name]):
            continue
        if status(changed(subject, {name: array / total}), seed) == "right":
            told = f"right only where the rows of {name} sum to 1"
            yield Guess(Finding("assumes_normalized_target", told), True)


def square(subject: Subject, seed: int) -> Iterator[Guess]:
    """Take a row from what is square: arrays that meet along the wrong axis no longer fit."""
    given = arrays(subject)
    for length in {a.shape[0] for a in given.values() if a.ndim > 1 and a.shape[0] == a.shape[1]}:
        if length < 3:
            continue
        rows = {k: a[:-1] for k, a in given.items() if a.ndim and a.shape[0] == length}
        less = changed(subject, rows)
        try:
            less.forward()
        except CodeRaised:
            continue
        found = status(less, seed)
        if found in ("right", "raises"):
            how = (
                "with one row less it raises" if found == "raises" else "with one less it is right"
            )
            told = f"wrong where {' and '.join(sorted(rows))} has {length} rows and columns; {how}"
            yield Guess(Finding("accidental_broadcast", told), True)


def kept_by_shape(subject: Subject, seed: int) -> Iterator[Guess]:
    """See whether, in shapes never seen before, only the first values get the right gradient."""
    given = {k: a for k, a in arrays(subject).items() if a.ndim}
    main = given.get(subject.wrt[0])
    if main is None or main.shape[0] < 2:
        return
    count = main.shape[0]

    def grown(extra: int, *, turned: bool) -> str:
        rows = (np.arange(count + extra) % count)[:: -1 if turned else 1]
        of_rows = {k: a for k, a in given.items() if a.shape[0] == count}
        return status(changed(subject, {k: a[rows] for k, a in of_rows.items()}), seed)

    looks = grown(1, turned=False), grown(1, turned=True), grown(2, turned=True)
    if looks == ("right", "wrong", "right"):
        told = "in a new shape the first values get the right gradient, other values do not"
        yield Guess(Finding("stale_state", told), True)
