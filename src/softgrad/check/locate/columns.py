"""Which entries are wrong: the measured Jacobian, column by column, beside the claimed gradient."""

from dataclasses import dataclass

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import direction
from softgrad.check.precision import SAFETY, epsilon

__all__ = ["MOST_COLUMNS", "Columns", "inputs_apart", "measured", "wrong_entries"]

MOST_COLUMNS = 2048
_MOST_ENTRIES = 4_000_000


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
    rng = np.random.default_rng(seed)
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
            store[:, k] = np.where(instrument.live, part, 0.0)
    return Columns(names, index, jacobian, error, kink)


def _best_column(instrument: Instrument, j: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the column at the first step whose error bar is small, or at the best one tried."""
    found: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
    best = np.inf
    for rung in (1 / 2, 1 / 16, 1 / 512, 1 / 16384):
        column = instrument.column(j, instrument.step * rung)
        live = instrument.live
        size = float(np.abs(column[0][live]).max(initial=0.0))
        error = float(column[1][live].max(initial=0.0))
        error = error if np.isfinite(error) else np.inf
        if found is None or error < best:
            best, found = error, column
        if error <= max(1e-7 * size, 20 * instrument.eps ** (6 / 7) * (1 + size)):
            break
    assert found is not None
    slope, error_bar, kink = (np.nan_to_num(p, nan=0.0, posinf=0.0, neginf=0.0) for p in found)
    return slope, error_bar, kink


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
