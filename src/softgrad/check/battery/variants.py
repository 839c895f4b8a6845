"""The battery: every row, the likeliest to find something first.

A row is one idea. To add one, declare an :class:`~softgrad.check.battery.edits.Edit` where it only
changes values, or write a generator of variants, and put it into the tuple of its file.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from softgrad.check.battery.axes import AXES
from softgrad.check.battery.example import Example
from softgrad.check.battery.labels import LABELS
from softgrad.check.battery.layouts import LAYOUTS
from softgrad.check.battery.lengths import LENGTHS
from softgrad.check.battery.magnitudes import MAGNITUDES
from softgrad.check.battery.parameters import PARAMETERS
from softgrad.check.battery.ranks import RANKS
from softgrad.check.battery.samples import SAMPLES
from softgrad.check.battery.values import CONSTANTS, ORDINARY, SPECIAL
from softgrad.check.battery.variant import Row, Variant
from softgrad.check.battery.zeros import ZEROS
from softgrad.check.subject.subject import Subject

__all__ = ["ROWS", "variants", "variants_of"]

_COMPILED = ("jax", "tinygrad")
# Rows that would tear the pairs of complex numbers apart.
_SHAPED = (*LABELS, *SAMPLES, *LENGTHS, *AXES, *RANKS)

ROWS: tuple[Row, ...] = (
    *LAYOUTS,
    *ORDINARY,
    *ZEROS,
    *CONSTANTS,
    *LABELS,
    *PARAMETERS,
    *SAMPLES,
    *LENGTHS,
    *AXES,
    *RANKS,
    *MAGNITUDES,
    *SPECIAL,
)


def variants_of(
    row: Row, subject: Subject, seed: int, choices: Mapping[str, tuple[Any, ...]]
) -> Iterator[Variant]:
    """Yield the examples of one row; its random numbers do not depend on the other rows."""
    if subject.complex and row in _SHAPED:
        return
    rng = np.random.default_rng([seed, *row.name.encode()])
    most = row.compiled if subject.frame.name in _COMPILED else None
    yield from islice(row.make(Example(subject, rng, choices)), most)


def variants(
    subject: Subject, seed: int = 0, choices: Mapping[str, tuple[Any, ...]] | None = None
) -> Iterator[Variant]:
    """Yield examples that a right derivative must survive.

    Parameters
    ----------
    subject
        The function at the user's example.
    seed
        Seed of the values; the same seed gives the same examples.
    choices
        Values to try for each parameter, as :func:`~softgrad.check.battery.choices.choices_of`
        finds them.
    """
    for row in ROWS:
        yield from variants_of(row, subject, seed, choices or {})
