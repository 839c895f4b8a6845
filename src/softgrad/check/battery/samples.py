"""Rows on the number of samples: more, one, none."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant
from softgrad.check.subject.subject import Subject

__all__ = ["SAMPLES"]

_MOST = 300_000


def _more_samples(example: Example) -> Iterator[Variant]:
    main = example.main
    if not main.ndim or not main.shape[0] or 3 * main.size > _MOST:
        return
    count = main.shape[0]
    grown = _samples(example, np.arange(2 * count + 1) % count, vary=count)
    if grown and _matter(example, grown, count):
        yield Variant(f"there are {2 * count + 1} samples", grown)


def _one_sample(example: Example) -> Iterator[Variant]:
    main = example.main
    if main.ndim > 1 and main.shape[0] > 1 and (one := _samples(example, np.zeros(1, int))):
        yield Variant("there is one sample", one)


def _no_samples(example: Example) -> Iterator[Variant]:
    if example.main.ndim and example.main.size and (none := _samples(example, np.zeros(0, int))):
        yield Variant("there are no samples", none)


def _samples(example: Example, chosen: np.ndarray, vary: int | None = None) -> Subject | None:
    """Return the example with these samples, those from ``vary`` on with other values."""
    count, changed = example.main.shape[0], {}
    for name, array in example.arrays.items():
        if array.ndim == 0 or array.shape[0] != count:
            continue
        taken = array[chosen]
        if vary is not None and name in example.subject.wrt:
            domain = example.domains[name]
            taken[vary:] = domain.another(taken[vary:], example.rng)
        changed[name] = taken
    subject = example.with_(changed)
    return subject if example.value(subject) is not None else None


def _matter(example: Example, subject: Subject, count: int) -> bool:
    """Return whether the output depends on the samples from ``count`` on."""
    name = subject.wrt[0]
    moved = subject.arrays[name].copy()
    moved[count:] *= 0.9
    changed = subject.replace({name: subject.given(name, moved)})
    there = example.value(changed)
    return there is not None and not np.array_equal(subject.forward(), there)


SAMPLES: tuple[Row, ...] = (
    Row("more samples", _more_samples),
    Row("one sample", _one_sample, compiled=0),
    Row("no samples", _no_samples, compiled=0),
)
