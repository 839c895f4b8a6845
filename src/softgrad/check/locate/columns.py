"""Which entries are wrong: the measured Jacobian, column by column, beside the claimed gradient."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import beside, direction
from softgrad.check.precision import SAFETY, epsilon

__all__ = ["MOST_COLUMNS", "Columns", "inputs_apart", "measured", "wrong_entries"]

MOST_COLUMNS = 2048
_MOST_ENTRIES = 4_000_000

_Parts = tuple[np.ndarray, ...]
"""A derivative, its error bar, and half the jump between one-sided slopes."""


@dataclass
class Columns:
    """The measured Jacobian of some inputs.

    Parameters
    ----------
    names
        The inputs whose columns are here.
    index
        The flat positions of the columns.
    jacobian, error, kink
        One column each per position: derivative, error bar, half the jump between one-sided slopes.
    """

    names: tuple[str, ...]
    index: np.ndarray
    jacobian: np.ndarray
    error: np.ndarray
    kink: np.ndarray

    def gradient(self, g: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return Jᵀ g, its error bar, and half the width of its interval of subgradients."""
        return g @ self.jacobian, np.abs(g) @ self.error, np.abs(g) @ self.kink


def inputs_apart(
    instrument: Instrument, g: np.ndarray, d: np.ndarray, floor: float, seed: int
) -> tuple[str, ...]:
    """Return the inputs whose part of the gradient is wrong, each probed by itself."""
    subject = instrument.subject
    if len(subject.wrt) == 1:
        return subject.wrt
    rng = beside(seed)
    wrong = []
    for name, where in subject.slices.items():
        u = np.zeros(subject.n)
        u[where] = direction(rng, where.stop - where.start)
        part = np.where(u != 0, d, 0.0)
        share = floor * float(np.linalg.norm(part)) / max(float(np.linalg.norm(d)), 1e-300)
        slope = instrument.slope(g, part, u, floor=share)
        if not abs(slope.residual) <= SAFETY * (slope.error + share):
            wrong.append(name)
    return tuple(wrong) or subject.wrt


def measured(instrument: Instrument, names: tuple[str, ...]) -> Columns | None:
    """Measure the Jacobian of the named inputs, or return ``None`` where it is too large."""
    subject = instrument.subject
    slices = subject.slices
    index = np.concatenate([np.arange(slices[n].start, slices[n].stop) for n in names])
    m = instrument.y.size
    if index.size > MOST_COLUMNS or index.size * m > _MOST_ENTRIES:
        return None
    jacobian, error, kink = (np.zeros((m, index.size)) for _ in range(3))
    for k, j in enumerate(index):
        if not instrument.free[j]:
            continue
        parts = _best_column(instrument, int(j))
        for store, part in zip((jacobian, error, kink), parts, strict=True):
            store[:, k] = part
    return Columns(names, index, jacobian, error, kink)


def _best_column(instrument: Instrument, j: int) -> _Parts:
    """Return the column at the first step whose error bar is small, or else the best one tried.

    The best one is borne out by the next step, if any is: where f moves in steps, as after rounding
    inside, a slope of 0 ± 0 is seen from close by.
    """
    tried: list[tuple[float, _Parts]] = []
    for rung in (1 / 2, 1 / 16, 1 / 512, 1 / 16384):
        slope, error, kink = instrument.column(j, instrument.step * rung)
        column = tuple(np.where(instrument.live, part, 0.0) for part in (slope, error, kink))
        size, most = (float(np.abs(part).max(initial=0.0)) for part in column[:2])
        tried.append((most if np.isfinite(most) else np.inf, column))
        if most <= max(1e-7 * size, 20 * instrument.eps ** (6 / 7) * (1 + size)):
            return column
    borne_out = [each for pair in pairwise(tried) if _agree(*pair) for each in pair]
    _, best = min(borne_out or tried, key=lambda each: each[0])
    return tuple(np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0) for part in best)


def _agree(one: tuple[float, _Parts], other: tuple[float, _Parts]) -> bool:
    (slope, error, _), (closer, its_error, _) = one[1], other[1]
    return bool((np.abs(closer - slope) <= SAFETY * (error + its_error)).all())


def wrong_entries(
    instrument: Instrument, columns: Columns, g: np.ndarray, d: np.ndarray
) -> np.ndarray:
    """Return a mask over all entries: where d differs from Jᵀ g beyond error and rounding."""
    g = instrument.masked(g)
    true, error, kink = columns.gradient(g)
    claimed = d[columns.index]
    subject = instrument.subject
    eps = max(subject.eps_in, subject.eps_out, epsilon("float64"))
    scale = float(np.abs(true).max(initial=0.0))
    size = np.maximum(np.abs(true), np.abs(g) @ np.abs(columns.jacobian))
    rounding = 16 * eps * size + 1e-9 * scale
    allowed = SAFETY * error + np.where(kink > error, 1.01 * kink, 0.0) + rounding
    mask = np.zeros(subject.n, bool)
    mask[columns.index] = ~(np.abs(claimed - true) <= allowed)
    return mask
