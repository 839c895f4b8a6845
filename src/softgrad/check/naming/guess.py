"""Guesses at the bug, each with its distance from the claim, and their order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from softgrad.check.report.finding import Finding

__all__ = ["Guess", "distance", "fitting", "said", "winner"]

_ALIKE = 1e-7


@dataclass(frozen=True)
class Guess:
    """One explanation of a wrong derivative.

    Parameters
    ----------
    finding
        What it would be called, with ``residual``: how far the claim is from what the explanation
        predicts, relative to the claim's size.
    fits
        Whether the claim is what the explanation predicts.
    predicted
        The prediction, or a sketch of it; two guesses that predict the same are one.
    """

    finding: Finding
    fits: bool
    predicted: np.ndarray | None = None

    @property
    def residual(self) -> float:
        """How far the claim is from the prediction; 0 for what is seen without one."""
        return 0.0 if self.finding.residual is None else self.finding.residual

    def same(self, other: "Guess", slack: float = _ALIKE) -> bool:
        """Return whether two explanations say the same about this function."""
        if self.finding.bug == other.finding.bug:
            return True
        a, b = self.predicted, other.predicted
        if a is None or b is None or a.shape != b.shape:
            return False
        return bool(np.linalg.norm(a - b) <= slack * np.linalg.norm(b))


def distance(claimed: np.ndarray, predicted: np.ndarray) -> float:
    """Return how far a claim is from a prediction, relative to the claim's size."""
    size = float(np.linalg.norm(claimed))
    gap = float(np.linalg.norm(claimed - predicted))
    return gap / size if size else float(gap > 0)


def said(residual: float) -> str:
    """Return a residual as people write it: ``3e-16``, or ``0.4`` where it is no rounding."""
    return f"{residual:.0e}".replace("e-0", "e-") if residual < 0.01 else f"{residual:.2g}"


def fitting(residual: float) -> str:
    """Return how well what was just said fits, to be added to it."""
    return f" (fits to {said(residual)})" if residual > 0 else ""


def winner(guesses: Iterable[Guess], noise: float = _ALIKE) -> Finding | None:
    """Return the best explanation with the next one as its ``runner_up``, or ``None``.

    The first guess wins among those that fit within ``noise`` of the best. The runner-up means
    something else: guesses that predict the same on this function count as one.
    """
    tried = list(guesses)
    good = [guess for guess in tried if guess.fits]
    if not good:
        return None
    least = min(guess.residual for guess in good)
    best = next(guess for guess in good if guess.residual <= 10 * least + noise)
    others = [guess for guess in tried if not guess.same(best, max(noise, _ALIKE))]
    second = min(others, key=lambda guess: guess.residual, default=None)
    return replace(best.finding, runner_up=None if second is None else second.finding)
