"""The user's example, and what the rows of the battery ask about it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from softgrad.check.battery.domain import Domain, domain_of
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["Example"]

_MOST_INPUTS = 3


class Example:
    """The example from which all variants are made.

    Parameters
    ----------
    subject
        The function at the user's point.
    rng
        Random numbers of the row in hand.
    choices
        Values to try for each parameter, by name.
    """

    def __init__(
        self,
        subject: Subject,
        rng: np.random.Generator,
        choices: Mapping[str, tuple[Any, ...]],
    ) -> None:
        self.subject, self.rng, self.choices = subject, rng, choices
        self.domains: dict[str, Domain] = {
            name: domain_of(array) for name, array in self.arrays.items() if array.dtype.kind == "f"
        }
        self._logits: dict[str, bool] = {}

    # -- what there is ------------------------------------------------------------------------

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """Every array among the inputs, differentiable or not, as float64, integers or bits.

        Differentiable complex numbers are pairs, others are left out.
        """
        frame, own = self.subject.frame, self.subject.arrays
        given = {k: v for k, v in self.subject.inputs.items() if frame.is_array(v)}
        found = {k: own[k] if k in own else frame.to_numpy(v) for k, v in given.items()}
        return {name: array for name, array in found.items() if array.dtype.kind != "c"}

    @property
    def differentiable(self) -> tuple[str, ...]:
        """The first few differentiable real inputs that have an axis and entries."""
        real = {k: a for k, a in self.subject.arrays.items() if k not in self.subject.complex}
        names = [n for n, a in real.items() if a.ndim and a.size]
        return tuple(names[:_MOST_INPUTS])

    @property
    def constant(self) -> tuple[str, ...]:
        """The arrays that are not differentiated and have an axis and entries."""
        wrt = self.subject.wrt
        return tuple(n for n, a in self.arrays.items() if n not in wrt and a.ndim and a.size)

    @property
    def main(self) -> np.ndarray:
        """The first differentiable input."""
        return self.subject.arrays[self.subject.wrt[0]]

    @cached_property
    def output(self) -> np.ndarray:
        """The function's value at the example, flat."""
        return self.subject.forward()

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the outputs."""
        _ = self.output
        return [shape for shape, _ in self.subject.outputs]

    # -- other examples -----------------------------------------------------------------------

    def with_(self, changed: Mapping[str, np.ndarray]) -> Subject:
        """Return the example with other arrays, in the dtypes the user gave."""
        subject = self.subject
        return subject.replace({k: subject.given(k, a) for k, a in changed.items()})

    def value(self, subject: Subject) -> np.ndarray | None:
        """Return the function's value at another example, ``None`` where it raises."""
        try:
            return subject.forward()
        except CodeRaised:
            return None

    def same(self, a: np.ndarray | None, b: np.ndarray | None) -> bool:
        """Return whether two values agree up to rounding; NaN agrees with NaN."""
        if a is None or b is None or a.shape != b.shape:
            return False
        finite = np.isfinite(b)
        loose = min(64 * self.subject.eps, 0.02)
        slack = loose * (1 + np.abs(b[finite]).max(initial=0.0))
        return bool(
            np.array_equal(a[~finite], b[~finite], equal_nan=True)
            and (np.abs(a[finite] - b[finite]) <= slack).all()
        )

    def are_logits(self, name: str) -> bool:
        """Return whether a shift of each row changes nothing, or fewer outputs by as much.

        Such inputs are logits, which people mask with −inf; a bias moves as many outputs, or more.
        """
        if name not in self._logits:
            self._logits[name] = all(self._shifts_through(name, unit) for unit in (0.5, -7.0))
        return self._logits[name]

    def _shifts_through(self, name: str, unit: float) -> bool:
        x = self.subject.arrays[name]
        shifts = unit * (np.arange(x[..., :1].size) % 3).reshape(x[..., :1].shape)
        if x[..., :1].size == 1:
            shifts = shifts + unit
        there = self.value(self.with_({name: x + shifts}))
        if there is None or there.shape != self.output.shape:
            return False
        whole = np.round(np.nan_to_num((there - self.output) / unit))
        if whole.any() and self.output.size >= x.size:
            return False
        return self.same(there, self.output + unit * whole)
