"""Exact zeros of an elementwise function's gradient that ought not to be zero."""

from dataclasses import dataclass

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Probe, Shot, beside, direction
from softgrad.check.precision import smallest
from softgrad.check.report.finding import Finding
from softgrad.check.report.words import counted

__all__ = ["saturated"]

_LOOKS = 16
_HALVINGS = 24
_ANCHORS = (1 / 2, 1 / 4, 1 / 8, 1 / 32, 1 / 128)
_LEVELS = (1e-4, 1e-6, 1e-8)  # of the largest slope: where differences still show it
_EVEN = (0.9, 1.1)
_CANCELLED = 8.0  # units of roundoff: what is left before a difference of two numbers is 0


def saturated(seen: Probe, seed: int) -> Finding | None:
    """Find exact zeros of the gradient of an elementwise function of one array that are not zeros.

    The truth is measured where the function can be run in a wider dtype than the claim's.
    Elsewhere the function is a constant there, as far as its digits tell, and the slope is followed
    to where they tell it: a slope that falls off as e^−x does not become 0. What twice the digits
    would not show beside the largest slope is left alone.
    """
    gauge = seen.instrument
    subject = gauge.subject
    # With targets, p − t is 0 where a sample is told right: all digits of p, and what is wanted.
    arrays = sum(map(subject.frame.is_array, subject.inputs.values()))
    if subject.eps > 1e-6 or arrays != 1 or gauge.y.size != subject.n:
        return None
    shot = seen.shots[0]
    zero = (shot.d == 0) & (shot.g != 0) & gauge.free
    if not zero.any() or zero.all() or not _elementwise(gauge, zero, seed):
        return None
    mask, told = _measured(gauge, shot, zero), ""
    if not gauge.wide and subject.claim.reverse and not mask.any():
        mask, told = _followed(gauge, shot, zero)
    if not mask.any():
        return None
    facts = f"the gradient is exactly 0 at {counted(int(mask.sum()))} where the true one is not"
    return Finding("cancellation_to_zero", facts + told, dict(subject.split(mask)))


def _elementwise(gauge: Instrument, zero: np.ndarray, seed: int) -> bool:
    """Return whether the outputs at the other entries depend on them alone, as far as one sees."""
    u = np.where(zero, direction(beside(seed), gauge.x.size), 0.0)
    _, moved = gauge.at(gauge.x + gauge.step * u)
    if (moved != gauge.y)[~zero].any():
        return False
    for j in (np.flatnonzero(zero)[0], np.flatnonzero(~zero & gauge.free)[0]):
        alone = gauge.x.copy()
        alone[j] += gauge.step
        if (np.delete(gauge.at(alone)[1] != gauge.y, j)).any():
            return False
    return True


def _measured(gauge: Instrument, shot: Shot, zero: np.ndarray) -> np.ndarray:
    """Return where a difference tells a slope that is not 0."""
    mask = np.zeros(zero.size, bool)
    for j in np.flatnonzero(zero)[:_LOOKS]:
        slope, error, kink = (part[j] for part in gauge.column(int(j), gauge.step))
        least = max(_least(gauge), 20 * error)
        mask[j] = abs(slope * shot.g[j]) > least and kink < 0.1 * abs(slope)
    return mask


def _least(gauge: Instrument) -> float:
    return smallest(gauge.subject.outputs[0][1]) / gauge.subject.eps_out


@dataclass(frozen=True)
class _Ways:
    """The ways from some entries towards 0, one entry's as long as its value, taken together."""

    gauge: Instrument
    g: np.ndarray
    places: np.ndarray

    def claimed(self, r: np.ndarray) -> np.ndarray:
        """Return the sizes of the claimed slopes at these fractions of the entries."""
        return np.abs(self.gauge.subject.pull(self.g, self._moved(r)).flat / self.g)[self.places]

    def true(self, r: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return the sizes of the slopes by differences."""
        ahead, behind = (self.gauge.at(self._moved(r + sign * step))[1] for sign in (1, -1))
        width = 2 * step * np.abs(self.gauge.x[self.places])
        return np.abs(ahead - behind)[self.places] / width

    def crossing(self, low: np.ndarray, level: np.ndarray) -> np.ndarray:
        """Return the fraction between ``low`` and 1 at which the claim falls below a level."""
        high = np.ones_like(low)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            above = self.claimed(middle) > level
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return low

    def _moved(self, r: np.ndarray) -> np.ndarray:
        x = self.gauge.x.copy()
        x[self.places] *= r
        return x


def _followed(gauge: Instrument, shot: Shot, zero: np.ndarray) -> tuple[np.ndarray, str]:
    """Return where the slope falls off evenly and is claimed to be 0 all of a sudden."""
    mask, places = np.zeros(zero.size, bool), np.flatnonzero(zero & (gauge.x != 0))[:_LOOKS]
    ways = _Ways(gauge, np.where(shot.g == 0, 1.0, shot.g), places)
    seen = np.array([ways.claimed(np.full(places.size, r)) for r in _ANCHORS])
    top = seen.max(0, initial=0.0)
    if not top.any():
        return mask, ""
    start = np.asarray(_ANCHORS)[seen.argmax(0)]
    edge = ways.crossing(start, np.zeros_like(top))
    cancelled = (top > 0) & (ways.claimed(edge) < _CANCELLED * gauge.eps * top)
    if not cancelled.any():
        return mask, ""
    r = np.array([ways.crossing(start, level * top) for level in _LEVELS])
    gaps = np.diff(r, axis=0)
    even = (gaps > 0).all(0) & (_EVEN[0] * gaps[0] < gaps[1]) & (gaps[1] < _EVEN[1] * gaps[0])
    for fraction, level in zip(r, _LEVELS, strict=True):
        even &= np.abs(ways.true(fraction, gaps[0] / 20) - level * top) < 0.05 * level * top
    rate = np.log(_LEVELS[0] / _LEVELS[1]) / np.where(gaps[0] > 0, gaps[0], np.inf)
    left = np.log(_LEVELS[-1] * np.where(top > 0, top, 1.0)) - rate * (1 - r[-1])
    lost = left > np.log(gauge.eps**2 * np.where(top > 0, top, 1.0))
    found = cancelled & even & lost
    mask[places[found]] = True
    return mask, ": its size falls off evenly, to " + " … ".join(_ends(np.exp(left[found])))


def _ends(values: np.ndarray) -> list[str]:
    ends = (values.min(initial=np.inf), values.max(initial=0.0))
    return list(dict.fromkeys(f"{end:.2g}" for end in ends))
