"""Rows put together for one call, and its result taken apart again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from softgrad.survey.cases import Case
from softgrad.survey.library import Call
from softgrad.survey.rows import Row, direction
from softgrad.survey.truth import Truth

__all__ = ["FIRST_AXIS", "Batch", "Trial"]

FIRST_AXIS = "first axis"
"""The layout in which the rows are columns; any other is one of memory."""

BY_CLASS = ("weight", "pos_weight")


@dataclass(frozen=True, eq=False)
class Trial:
    """A row and the kind of its upstream gradient and tangent."""

    row: Row
    truth: Truth
    kind: str


@dataclass(frozen=True, eq=False)
class Batch:
    """Trials that share one call; what a reduction puts together is a trial by itself."""

    case: Case
    call: Call
    layout: str
    dtype: str
    order: str
    trials: Sequence[Trial]

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """The call's arguments in their layout."""
        moved = {
            name: value if name in BY_CLASS else self._turned(value)
            for name, value in self._upright.items()
            if name in self.call.offers  # what it sets itself it does not take
        }
        return moved | ({"axis": 0} if self.layout == FIRST_AXIS else {})

    @cached_property
    def g(self) -> np.ndarray:
        """The upstream gradient of the value."""
        parts = [self.directions(trial)[0].ravel() for trial in self.trials]
        return self._turned(np.concatenate(parts).reshape(self._shape))

    @cached_property
    def t(self) -> np.ndarray:
        """The tangent of the logits."""
        return self._turned(np.concatenate([self.directions(trial)[1] for trial in self.trials]))

    def directions(self, trial: Trial) -> tuple[np.ndarray, np.ndarray]:
        """Return the upstream gradient and the tangent of one trial; only one of them is huge."""
        g = direction(trial.kind, (trial.truth.width,), self.dtype)
        along = "random" if self.order == "second" else trial.kind
        return g, direction(along, trial.row.x.shape, self.dtype)

    def of(self, trials: Sequence[Trial]) -> "Batch":
        """Return the same with other trials."""
        return replace(self, trials=trials)

    def parts(self, found: np.ndarray) -> list[np.ndarray]:
        """Return each trial's share of a result.

        Raises
        ------
        ValueError
            If the result has not the shape that it must have.
        """
        upright = self._turned(found)
        if upright.shape != self._result:
            raise ValueError(f"the {self.order} has shape {found.shape}")
        return [each.ravel() for each in np.split(np.atleast_1d(upright), len(self.trials))]

    def place(self, i: int, entry: int) -> tuple[int, ...]:
        """Return the index in the result of an entry of the i-th trial's share."""
        size = int(np.prod(self._result)) // len(self.trials)
        index = tuple(int(k) for k in np.unravel_index(i * size + entry, self._result))
        return index[::-1] if self.layout == FIRST_AXIS else index

    @cached_property
    def _upright(self) -> dict[str, Any]:
        """The arguments with the rows along the last axis."""
        each = [self.case.arguments(trial.row, self.call) for trial in self.trials]
        together = {}
        for name, value in each[0].items():
            by_row = isinstance(value, np.ndarray) and name not in BY_CLASS
            together[name] = np.concatenate([a[name] for a in each]) if by_row else value
        return together

    @cached_property
    def _shape(self) -> tuple[int, ...]:
        """The shape of the value with the rows along the last axis."""
        with np.errstate(all="ignore"):
            return np.shape(self.case.function(**self._upright))

    @property
    def _result(self) -> tuple[int, ...]:
        """The shape of what the order asks for."""
        if self.order in ("value", "jvp"):
            return self._shape
        return self._upright[self.case.primary].shape

    def _turned(self, a: Any) -> Any:
        return a.T if self.layout == FIRST_AXIS and isinstance(a, np.ndarray) else a
