"""What is told by where the example lies: at a tie or a zero, or on a step of a staircase."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Shot, probe
from softgrad.check.precision import SAFETY
from softgrad.check.report.finding import Finding
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["only_here", "staircase"]

_APART = 0.02
_FAR = (0.5, 1.0)
_NOTHING = 1e-9


def only_here(
    subject: Subject, wrong: Mapping[str, np.ndarray | None], seed: int
) -> Finding | None:
    """See whether all is right once zeros and equal entries are moved a little apart."""
    if not any(where.any() for _, where in _coincidences(subject)):
        return None
    if not any(_moved_apart(subject, sign, seed) for sign in (1.0, -1.0)):
        return None
    known = {name: mask for name, mask in wrong.items() if mask is not None}
    masks = [(told, subject.split(where)) for told, where in _coincidences(subject)]
    for told, places in masks:
        if len(known) == len(wrong) and all(
            np.array_equal(mask, places[name]) for name, mask in known.items() if mask.any()
        ):
            return Finding("kink_or_tie", f"wrong exactly where {told}")
    told = f"right as soon as equal entries and zeros are moved {_APART:.0%} apart"
    return Finding("kink_or_tie", told)


def _coincidences(subject: Subject) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what is special about entries of the inputs, with a flat mask of those."""
    zero = subject.x == 0
    yield "the input is 0", zero
    tied = {name: _tied(x) for name, x in subject.arrays.items()}
    yield "entries tie", np.concatenate([mask.ravel() for mask in tied.values()])
    for one, other in combinations(subject.arrays, 2):
        a, b = subject.arrays[one], subject.arrays[other]
        if a.shape == b.shape:
            both = {one: a == b, other: a == b}
            blank = {name: np.zeros(x.shape, bool) for name, x in subject.arrays.items()}
            where = np.concatenate([mask.ravel() for mask in (blank | both).values()])
            yield f"{one} and {other} are equal", where


def _tied(x: np.ndarray) -> np.ndarray:
    """Return where an entry has the value of another one of its input."""
    _, at, count = np.unique(x, return_inverse=True, return_counts=True)
    return (count[at] > 1).reshape(x.shape) & np.isfinite(x)


def _moved_apart(subject: Subject, sign: float, seed: int) -> bool:
    """Return whether the derivative is right next to here, where nothing coincides."""
    rng = np.random.default_rng(seed)
    x = subject.x
    size = np.abs(x[np.isfinite(x)]).max(initial=0.0) or 1.0
    step = sign * _APART * size * rng.uniform(0.5, 1.0, x.size)
    special = np.any([where for _, where in _coincidences(subject)], axis=0)
    try:
        there = subject.moved(np.where(special & np.isfinite(x), x + step, x))
        return probe(there, seed).status == "right"
    except CodeRaised:
        return False


def staircase(gauge: Instrument, shot: Shot, names: tuple[str, ...], seed: int) -> Finding | None:
    """Tell a function that moves in steps, whose claim is a slope all the same."""
    subject = gauge.subject
    rng = np.random.default_rng(seed)
    inside = np.zeros(subject.n, bool)
    for name in names:
        inside[subject.slices[name]] = True
    inside &= gauge.free
    u, d = np.where(inside, shot.u, 0.0), np.where(inside, shot.d, 0.0)
    rise = abs(float(np.sum(d * u)))

    def flat(at: Instrument) -> bool:
        slope = at.slope(shot.g, np.zeros_like(d), u)
        return slope.size + SAFETY * slope.error <= _NOTHING * rise

    try:
        if not flat(gauge):
            return None
        size = float(np.abs(subject.x[inside]).max(initial=0.0)) or 1.0
        for far in _FAR:
            step = far * size * rng.uniform(-1, 1, subject.n)
            there = Instrument(subject.moved(np.where(inside, subject.x + step, subject.x)))
            stepped = there.y.shape == gauge.y.shape and np.nan_to_num(there.y - gauge.y).any()
            if not (stepped and flat(there)):
                return None
    except CodeRaised:
        return None
    return Finding("", _STEPS, formula=_FLAT, fix=_MEANT)


_STEPS = "the function moves in steps, between which its derivative is 0; your gradient is not 0"
_FLAT = "the derivative of a staircase is 0 wherever there is one."
_MEANT = (
    "none if a surrogate is meant, as in a straight-through estimator; it is not the derivative."
)
