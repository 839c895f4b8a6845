"""The formulas of a lesson, in letters and with the numbers of one row put in."""

from dataclasses import dataclass

import numpy as np

from softgrad.explain.lessons import Lesson

__all__ = ["Formulas", "Term", "number"]


@dataclass(frozen=True)
class Term:
    """One formula: in letters, with the numbers put in, and its value."""

    name: str
    letters: str
    numbers: str
    value: float


def number(value: float) -> str:
    """Return a number in at most ten characters: four decimals, or powers of ten."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.2e}"


class Formulas:
    """The formulas of one lesson, in letters and with the numbers of one row."""

    def __init__(self, lesson: Lesson, over: str, weights: np.ndarray, g: np.ndarray) -> None:
        self.lesson, self.over, self.weights, self.g = lesson, over, weights, g
        self.total = float(weights.sum())
        terms = g * weights if "{i}" in lesson.contraction else g
        self.mean = float(terms.sum() / (self.total if lesson.averaged else 1.0))

    def letters(self, formula: str, i: object, j: object) -> str:
        """Return a formula with the names of the entries i and j."""
        s = self.lesson.symbol
        names = {"i": f"{s}[{i}]", "j": f"{s}[{j}]", "total": f"sum({s})", "g": f"g[{i}]"}
        return formula.format(m=self.lesson.mean, **names) + self._divisor(formula)

    def numbers(self, formula: str, i: int, j: int) -> str:
        """Return a formula with the numbers of the entries i and j."""
        return self._filled(formula, i, j) + self._divisor(formula)

    def entry(self, i: int, j: int, value: float) -> Term:
        """Return one entry of the Jacobian, whose value is known."""
        formula = self.lesson.on if i == j else self.lesson.off
        return Term(
            f"J[{i},{j}]", self.letters(formula, i, j), self.numbers(formula, i, j), float(value)
        )

    def contraction(self) -> Term | None:
        """Return what is summed over the row, if anything is."""
        lesson, n = self.lesson, self.g.size
        if not lesson.contraction:
            return None
        added = " + ".join(self._filled(lesson.contraction, i, i) for i in range(n))
        if lesson.averaged:
            added = f"({added}) / {_operand(self.total)}"
        return Term(lesson.mean, lesson.mean, added, self.mean)

    def step(self, i: int, value: float) -> Term:
        """Return one entry of the gradient, whose value is known."""
        formula = self.lesson.backward
        return Term(f"dx[{i}]", self.letters(formula, i, i), self.numbers(formula, i, i), value)

    def _filled(self, formula: str, i: int, j: int) -> str:
        put = {"i": self.weights[i], "j": self.weights[j], "total": self.total, "g": self.g[i]}
        shown = {name: _operand(value) for name, value in put.items()}
        return formula.format(m=_operand(self.mean), **shown)

    def _divisor(self, formula: str) -> str:
        return "" if formula == "0" else self.over


def _operand(value: float) -> str:
    return number(value) if value >= 0 else f"({number(value)})"
