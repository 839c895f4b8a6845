"""Rows on values: ties, zeros, equal rows, masks and saturation."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.edits import Change, Edit, everywhere
from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant

__all__ = ["CONSTANTS", "ORDINARY", "SPECIAL"]

_MASKED = 30.0  # e⁻³⁰ vanishes beside 1 and is a number in every dtype
_SATURATED = 40.0

Random = np.random.Generator


def _negated(a: np.ndarray, rng: Random) -> np.ndarray:
    return -a


def _zeros(fill: float) -> Change:
    def change(a: np.ndarray, rng: Random) -> np.ndarray | None:
        places = a.reshape(-1)[:: max(2, a.size // 4)]
        if a.size < 2 or not places.any():
            return None
        places *= fill
        return a

    return change


def _second(gap: float) -> Change:
    """Bring the entry beside the largest one of each row up to it, but for ``gap``."""

    def change(a: np.ndarray, rng: Random) -> np.ndarray | None:
        if a.shape[-1] < 2:
            return None
        known = np.where(np.isfinite(a), a, -np.inf)
        top = known.argmax(-1)[..., None]
        beside = np.where(top + 1 < a.shape[-1], top + 1, top - 1)
        np.put_along_axis(a, beside, np.take_along_axis(a, top, -1) - gap, -1)
        return a if np.isfinite(a).all() else None

    return change


def _all_equal(a: np.ndarray, rng: Random) -> np.ndarray | None:
    finite = a[np.isfinite(a)]
    return np.full_like(a, np.median(finite)) if finite.size else None


def _equal_rows(a: np.ndarray, rng: Random) -> np.ndarray | None:
    if a.ndim < 2 or a.shape[0] < 2:
        return None
    a[1:] = a[:1]
    return a


def _last(value: float) -> Change:
    """Put the last entry of each row ``value`` above its largest one."""

    def change(a: np.ndarray, rng: Random) -> np.ndarray | None:
        if a.shape[-1] < 2 or not np.isfinite(a).all():
            return None
        a[..., -1] = a.max(-1) + value
        return a

    return change


def _rolled(a: np.ndarray, rng: Random) -> np.ndarray | None:
    return None if a.shape[-1] < 2 else np.roll(a, 1, -1)


def _softened(a: np.ndarray, rng: Random) -> np.ndarray | None:
    return None if a.shape[-1] < 2 else 0.8 * a + 0.2 / a.shape[-1]


def _with_zeros(a: np.ndarray, rng: Random) -> np.ndarray | None:
    if a.shape[-1] < 3:
        return None
    a[..., 0] = 0.0
    return a


def _another(a: np.ndarray, rng: Random) -> np.ndarray:
    if not a.any():
        return 0.3 * rng.standard_normal(a.shape)
    return a * (0.6 + 0.4 * rng.random(a.shape))


def _alike(example: Example) -> Iterator[Variant]:
    """Make two floating inputs of one shape and kind equal."""
    named = list(example.domains.items())
    for k, (name, domain) in enumerate(named):
        for other, kind in named[k + 1 :]:
            a, b = example.arrays[name], example.arrays[other]
            if a.ndim and a.shape == b.shape and domain.name == kind.name and (a != b).any():
                yield Variant(f"{name} and {other} are equal", example.with_({other: a}))


def _fully_masked(example: Example) -> Iterator[Variant]:
    """Mask a whole row, where it counts and the function still has a value."""
    for name in example.differentiable:
        x = example.arrays[name]
        if x.ndim < 2 or x.shape[0] < 2 or not example.are_logits(name):
            continue
        halved, masked = x.copy(), x.copy()
        halved[0], masked[0] = 0.5 * x[0], -np.inf
        subject = example.with_({name: masked})
        value = example.value(subject)
        if value is None or not np.isfinite(value).all():
            continue
        if not example.same(example.value(example.with_({name: halved})), example.output):
            yield Variant(f"all of a row of {name} is −inf", subject)


ORDINARY: tuple[Row, ...] = (
    Row("other values", everywhere),
    Edit("other signs", "{name} has the opposite signs", _negated, domains=("real",)).row,
    Edit(
        "zeros",
        "{name} has entries that are exactly 0",
        _zeros(0.0),
        _zeros(0.01),
        "{name} has entries near 0",
        domains=("real", "nonnegative"),
    ).row,
    Edit(
        "ties",
        "two entries of {name} tie for the largest",
        _second(0.0),
        _second(0.25),
        "two entries of {name} are nearly the largest",
    ).row,
)
"""Values at which anybody's function is defined."""

SPECIAL: tuple[Row, ...] = (
    Edit(
        "masked entries",
        "{name} has entries that are −inf",
        _last(-np.inf),
        _last(-_MASKED),
        f"{{name}} has entries {_MASKED:g} below the others",
        logits=True,
    ).row,
    Row("fully masked rows", _fully_masked),
    Edit(
        "confident rows",
        f"one entry of a row of {{name}} is {_SATURATED:g} above the others",
        _last(_SATURATED),
        domains=("real",),
    ).row,
    Edit("equal rows", "the rows of {name} are equal", _equal_rows).row,
    Edit("equal entries", "all entries of {name} are equal", _all_equal, domains=("real",)).row,
    Row("equal inputs", _alike),
)
"""Values that a function may treat apart."""

CONSTANTS: tuple[Row, ...] = (
    Edit("other constants", "{name} has other values", _another, constant=True).row,
    Edit(
        "permuted constants",
        "{name} has other values",
        _rolled,
        constant=True,
        domains=("probabilities", "bits", "log-probabilities"),
    ).row,
    Edit(
        "zero weights",
        "{name} has entries that are exactly 0",
        _zeros(0.0),
        _zeros(0.01),
        "{name} has entries near 0",
        constant=True,
        domains=("positive", "nonnegative", "unit"),
        clipped=False,
    ).row,
    Edit(
        "soft labels",
        "the rows of {name} are not one-hot",
        _softened,
        constant=True,
        domains=("probabilities",),
    ).row,
    Edit(
        "labels of probability 0",
        "{name} has entries that are exactly 0",
        _with_zeros,
        constant=True,
        domains=("probabilities",),
    ).row,
)
"""Other values of the arrays that are not differentiated."""
