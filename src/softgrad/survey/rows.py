"""Rows of logits, options and directions, in numbers that every dtype holds exactly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any

import numpy as np

from softgrad.declare import Convention

__all__ = ["OPTIONS", "ROWS", "UPSTREAMS", "Option", "Row", "batches", "direction", "undefined"]

INF = float("inf")


@dataclass(frozen=True, eq=False)
class Row:
    """Logits with a name: one row, or the few of a batch.

    Parameters
    ----------
    name
        What reports call it.
    x
        The logits, two-dimensional.
    labels
        Class indices; by default those of each row's largest logit.
    given
        Options that belong to it.
    why
        What the family's record says of it, where libraries may choose; empty elsewhere.
    """

    name: str
    x: np.ndarray
    labels: tuple[int, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def index(self) -> np.ndarray:
        """The class indices."""
        return np.array(self.labels) if self.labels else self.x.argmax(axis=-1)

    def soft(self, exists: np.ndarray) -> np.ndarray:
        """Return probabilities that sum to 1 over the classes that exist, if any does."""
        possible = exists & ~np.isneginf(self.x)
        base = np.array([0.5, 0.25, 0.125, 0.125])
        y = np.stack([np.roll(base, k)[: self.x.shape[1]] for k in range(len(self.x))])
        y = np.where(possible, y, 0.0)
        y[np.arange(len(y)), possible.argmax(axis=-1)] += 1 - y.sum(axis=-1)
        return np.where(possible, y, 0.0)


def _row(name: str, *logits: float) -> Row:
    return Row(name, np.array([logits]))


ROWS = (
    _row("moderate", 0.25, -1.25, 2.125, 0.75),
    _row("confident by 20", -0.5, 20.0, 0.125, 0.625),
    _row("confident by 40", 0.25, -1.0, 0.75, 40.0),
    _row("saturated", 0.5, -100.0, 100.0, -1.5),
    _row("large", 9984.0, 9920.0, -9984.0, 3.25),
    _row("very negative", -9984.0, -9920.0, -9920.0, -9984.0),
    _row("tied", 2.5, -1.125, 2.5, 2.5),
    _row("constant", -3.75, -3.75, -3.75, -3.75),
    _row("-inf in the row", 0.5, -INF, 1.25, -0.75),
    _row("single class", 3.25),
)
"""Rows that functions go wrong on, and one that they should not."""

_TWO = np.array([[0.25, -1.25, 2.125, 0.75], [1.5, 0.5, -0.25, -2.0]])

BATCHES = (
    Row("two rows", _TWO, labels=(1, 0)),
    Row("one row ignored", _TWO, labels=(1, 0), given={"ignore_index": 0}),
    Row("every row ignored", _TWO, labels=(0, 0), given={"ignore_index": 0}),
)
"""Rows that a reduction puts together."""


def batches(reduction: str, conventions: tuple[Convention, ...]) -> Iterator[Row]:
    """Yield the rows that a reduction puts together, a mean over none with what is said of it."""
    said = {c.case: c.why for c in conventions if c.gives != c.gives}  # those that give NaN
    for batch in BATCHES:
        ignored = batch.name == "every row ignored"
        yield replace(batch, why=said.get(f"all rows ignored, {reduction}", "") if ignored else "")


def undefined(conventions: tuple[Convention, ...]) -> Iterator[Row]:
    """Yield the rows whose meaning a function's record chose; others may choose another."""
    for convention in conventions:
        if convention.case == "a row of -inf":
            yield Row(convention.case, np.full((1, 4), -INF), labels=(0,), why=convention.why)
        if convention.case == "a fully masked row":
            nothing = {"where": np.zeros((1, 4), dtype=bool)}
            logits = ROWS[0].x
            yield Row(convention.case, logits, given=nothing, why=convention.why)


@dataclass(frozen=True)
class Option:
    """A value of an option, with what reports call it.

    Parameters
    ----------
    label
        Its name, empty where the option has one value only.
    value
        A plain value; a tuple with one number per class; or ``"mask"``, which leaves out each
        row's smallest logit, or ``"each"``, one number per logit.
    """

    label: str
    value: Any

    def at(self, row: Row) -> Any:
        """Return the value for a row."""
        if isinstance(self.value, tuple):
            return np.array(self.value[: row.x.shape[1]])
        if self.value == "each":
            return direction("random", row.x.shape)
        if self.value == "mask":
            smallest = row.x.shape[1] - 1 - row.x[:, ::-1].argmin(axis=-1)
            return np.arange(row.x.shape[1]) != np.where(row.x.shape[1] > 1, smallest, -1)[:, None]
        return self.value


OPTIONS: dict[str, tuple[Option, ...]] = {
    "alpha": (Option("1.25", 1.25), Option("2", 2.0)),
    "temperature": (Option("", 0.75),),
    "softcap": (Option("", 3.0),),
    "bias": (Option("", "each"),),
    "where": (Option("", "mask"),),
    "weight": (Option("", (0.5, 1.5, 1.25, 0.75)),),
    "pos_weight": (Option("", (1.5, 2.0, 0.5, 1.25)),),
    "label_smoothing": (Option("", 0.125),),
    "ignore_index": (Option("", 0),),
    "z_loss": (Option("", 0.03125),),
    "keepdims": (Option("", True),),
    "reduction": (Option("mean", "mean"), Option("sum", "sum")),
}
"""Values other than the default, by the parameter's name."""

UPSTREAMS = ("random", "one-hot", "ones", "huge")
"""Kinds of upstream gradients and tangents."""

_NUMBERS = (0.75, -1.25, 0.5, 1.75, -0.625, 1.125, -0.375)
_HUGE = {"float16": 2.0**11}


def direction(kind: str, shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    """Return an upstream gradient or a tangent."""
    size = int(np.prod(shape))
    if kind == "ones":
        return np.ones(shape)
    if kind == "one-hot":
        return (np.arange(size) == size // 2).astype(float).reshape(shape)
    numbers = np.array(list(islice(cycle(_NUMBERS), size))).reshape(shape)
    return numbers * _HUGE.get(dtype, 2.0**100) if kind == "huge" else numbers
