"""What a look found, before it becomes a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Entry", "Finding", "Picture"]


@dataclass(frozen=True)
class Entry:
    """One wrong entry of a gradient.

    Parameters
    ----------
    input
        The input's name.
    index
        The entry's index in it.
    claimed
        What the code under check returned.
    true
        What was measured.
    error
        What the measurement may be off by.
    """

    input: str
    index: tuple[int, ...]
    claimed: float
    true: float
    error: float


@dataclass(frozen=True)
class Picture:
    """The claimed and the true Jacobian of a small instance, for one input.

    Parameters
    ----------
    input
        The input's name.
    claimed, true
        Matrices of shape (outputs, entries of the input).
    output_shape, input_shape
        What the rows and the columns stand for.
    """

    input: str
    claimed: np.ndarray
    true: np.ndarray
    output_shape: tuple[int, ...]
    input_shape: tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """A bug's name and what was seen.

    Parameters
    ----------
    bug
        A key of ``BUGS``, or ``""`` where no name fits.
    evidence
        What was measured, as a sentence.
    wrong
        Masks of the wrong entries by input.
    trigger
        The circumstances that bring the bug out, to be read after "when".
    residual
        How far the claim is from what this finding says it is, relative to the claim's size.
    formula, fix
        The right formula and the fix in the words of this function, where the vocabulary's general
        ones can be bettered.
    runner_up
        The next best explanation, with its own residual.
    entries
        Wrong entries with their values.
    pictures
        Jacobians to look at.
    facts
        More of what was measured, a sentence each, most telling first.
    """

    bug: str
    evidence: str
    wrong: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    trigger: str | None = None
    residual: float | None = None
    formula: str | None = None
    fix: str | None = None
    runner_up: "Finding | None" = None
    entries: tuple[Entry, ...] = ()
    pictures: tuple[Picture, ...] = ()
    facts: tuple[str, ...] = ()
