"""Kinks such as relu at 0, abs, max at ties: any slope between the one-sided ones is right."""

from dataclasses import dataclass

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Probe, Shot, beside, direction
from softgrad.check.precision import SAFETY

__all__ = ["Judgement", "judge"]

_NEAR = 1.25  # a kink a little beside the point shifts and narrows the measured interval
_MOST = 2048
_SAMPLE = 32


@dataclass(frozen=True)
class Judgement:
    """What looking at the entries one by one gave.

    Parameters
    ----------
    kinked
        Mask of the entries at a kink, among those looked at.
    wrong
        Mask of the entries outside their interval of subgradients.
    along
        Whether a direction along which the function is smooth shows a wrong sum.
    settled
        Whether every entry has been covered.
    """

    kinked: np.ndarray
    wrong: np.ndarray
    along: bool
    settled: bool


def judge(seen: Probe, seed: int) -> Judgement:
    """Decide a probe that met a kink."""
    gauge = seen.instrument
    rng = beside(seed)
    shot = next((s for s in seen.shots if s.slope.bent), seen.shots[0])
    suspects = np.flatnonzero(gauge.free)
    if suspects.size > _MOST:
        suspects = _likely(gauge.x, rng)
    kinked = np.zeros(gauge.x.size, bool)
    wrong = np.zeros(gauge.x.size, bool)
    for j in suspects:
        kinked[j], wrong[j] = _entry(gauge, shot, int(j))
    settled = suspects.size == int(gauge.free.sum())
    if not settled:
        rest = np.ones(gauge.x.size, bool)
        rest[_special(gauge.x)] = False
        u = direction(rng, gauge.x.size) * rest
        left = _outside(gauge, shot, u)
        settled = left is not None
        wrong |= rest & bool(left)
    common = np.zeros(gauge.x.size)
    common[_special(gauge.x) if suspects.size < gauge.x.size else kinked] = 1.0
    along = bool(common.any()) and bool(_outside(gauge, shot, common))
    return Judgement(kinked, wrong, along, settled)


def _special(x: np.ndarray) -> np.ndarray:
    """Return a mask of the entries at which kinks usually sit: zeros, ones and ties."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (counts[inverse] > 1) | (x == 0) | (np.abs(x) == 1)


def _likely(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    places = np.flatnonzero(_special(x))
    return rng.permutation(places)[:_SAMPLE]


def _entry(gauge: Instrument, shot: Shot, j: int) -> tuple[bool, bool]:
    """Return whether entry j is at a kink, and whether its claimed derivative is wrong."""
    g = np.abs(gauge.masked(shot.g))
    looks = [gauge.column(j, gauge.step * rung) for rung in (1 / 32, 1 / 512, 1 / 16384)]
    widths = [float(g @ np.where(gauge.live, look[2], 0.0)) for look in looks]
    near = widths[2] < 0.25 * widths[1]  # the kink is near, not here: closer by, f is smooth
    slope, error, _ = (np.where(gauge.live, part, 0.0) for part in looks[2 if near else 1])
    centre, claimed = float(gauge.masked(shot.g) @ slope), float(shot.d[j])
    scale = max(abs(centre), abs(claimed), float(g @ np.abs(slope)))
    kinked = not near and 0.5 < widths[0] / max(widths[1], 1e-300) < 2 and widths[1] > 1e-6 * scale
    rounding = shot.bound / np.sqrt(gauge.x.size) if np.isfinite(shot.bound) else 0.0
    noise = gauge.eps * float(g @ (np.abs(gauge.y) * gauge.live)) / (gauge.step / 512)
    if kinked:
        own = gauge.subject.eps
        allowed = widths[1] * _NEAR + (1e-6 + 8 * own) * scale + SAFETY * noise
    else:
        allowed = (
            (32 if near else 1) * SAFETY * float(g @ error) + 1e-6 * scale + min(rounding, scale)
        )
    return kinked, abs(claimed - centre) > allowed


def _outside(gauge: Instrument, shot: Shot, u: np.ndarray) -> bool | None:
    """Return whether ⟨d,u⟩ lies outside the interval along u; ``None`` if it cannot be told."""
    slope = gauge.slope(shot.g, np.where(u != 0, shot.d, 0.0), u)
    if not np.isfinite(slope.error):
        return None
    claimed = abs(slope.residual) + slope.size
    allowed = _NEAR * slope.kink if slope.bent else SAFETY * slope.error
    eps = gauge.subject.eps
    rounding = 4 * eps * float(np.abs(shot.d * u).sum()) + 1e-6 * claimed
    return abs(slope.residual) > allowed + rounding
