"""Exact zeros of an elementwise function's gradient that ought not to be zero."""

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Probe, Shot, beside, direction
from softgrad.check.precision import smallest
from softgrad.check.report.finding import Finding
from softgrad.check.report.words import counted

__all__ = ["saturated"]

_LOOKS = 16


def saturated(seen: Probe, seed: int) -> Finding | None:
    """Find exact zeros of the gradient of an elementwise function of one array that are not zeros.

    Only where the truth can be measured in a wider dtype than the claim's, and where the true
    value is representable in the claim's own.
    """
    gauge = seen.instrument
    subject = gauge.subject
    # With targets, p − t is 0 where a sample is told right: all digits of p, and what is wanted.
    arrays = sum(map(subject.frame.is_array, subject.inputs.values()))
    coarse = subject.eps > 1e-6
    if not gauge.wide or coarse or arrays != 1 or gauge.y.size != subject.n:
        return None
    shot = seen.shots[0]
    zero = (shot.d == 0) & (shot.g != 0) & gauge.free
    if not zero.any() or zero.all() or not _elementwise(gauge, zero, seed):
        return None
    mask = _measured(gauge, shot, zero)
    if not mask.any():
        return None
    facts = f"the gradient is exactly 0 at {counted(int(mask.sum()))} where the true one is not"
    return Finding("cancellation_to_zero", facts, dict(subject.split(mask)))


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
    tiny = smallest(gauge.subject.outputs[0][1]) / gauge.subject.eps_out
    for j in np.flatnonzero(zero)[:_LOOKS]:
        slope, error, kink = (part[j] for part in gauge.column(int(j), gauge.step))
        mask[j] = abs(slope * shot.g[j]) > max(tiny, 20 * error) and kink < 0.1 * abs(slope)
    return mask
