"""NaN and infinite gradients: excusable, or a numerical bug with a name."""

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Probe, cotangent
from softgrad.check.precision import largest
from softgrad.check.report.finding import Finding
from softgrad.check.report.words import counted
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["nonfinite", "overflowed"]

_LOOKS = 16


def overflowed(seen: Probe) -> Finding:
    """Name a function that is NaN in its own precision and finite in float64."""
    subject = seen.instrument.subject
    count = int((np.isnan(seen.instrument.narrow) & np.isfinite(seen.instrument.y)).sum())
    name = "masked_nan" if np.isinf(subject.x).any() else "overflow_nan"
    facts = f"the output is nan at {counted(count)} where float64 gives a finite value"
    g = cotangent(np.random.default_rng(0), seen.instrument, "positive")
    try:
        bad = ~np.isfinite(subject.pull(np.where(g == 0, 1.0, g)).flat)
    except CodeRaised:
        return Finding(name, facts)
    return Finding(name, facts, dict(subject.split(bad)) if bad.any() else {})


def nonfinite(seen: Probe) -> Finding | None:
    """Decide about NaN or infinite gradients: ``None`` where the true derivative may not exist."""
    gauge = seen.instrument
    subject = gauge.subject
    assert seen.gradient is not None
    bad = ~np.isfinite(seen.gradient.flat)
    excused = not gauge.live.all()
    wrong = np.zeros(subject.n, bool)
    places = np.flatnonzero(bad)
    for j in places[np.linspace(0, places.size - 1, min(_LOOKS, places.size)).astype(int)]:
        wrong[j] = not excused and _has_slope(gauge, int(j))
    if not wrong.any():
        return None
    if wrong.sum() == min(_LOOKS, places.size):
        wrong = bad
    facts = f"the gradient is {_kind(seen.gradient.flat[bad])} at {counted(int(wrong.sum()))}"
    return Finding(_cause(subject, seen), facts, dict(subject.split(wrong)))


def _has_slope(gauge: Instrument, j: int) -> bool:
    """Return whether f has a finite, measurable derivative along x_j."""
    if not gauge.free[j]:
        return bool(np.isneginf(gauge.x[j]))
    most = min(largest(dtype) for _, dtype in gauge.subject.outputs) / 16
    for rung in (1 / 4, 1 / 64, 1 / 4096):
        slope, error, _ = gauge.column(j, gauge.step * rung)
        size = np.abs(slope).max(initial=0.0)
        if np.isfinite(slope).all() and error.max() < 1e-2 * (1e-3 + size):
            return bool(size * slope.size < most)
    return False


def _kind(values: np.ndarray) -> str:
    return "nan" if np.isnan(values).any() else "infinite"


def _cause(subject: Subject, seen: Probe) -> str:
    """Tell overflow, which goes away at small magnitudes, from masking."""
    if np.isinf(subject.x).any():
        return "masked_nan"
    small = subject.quantise(subject.x * 0.01)
    try:
        instrument = seen.instrument
        g = cotangent(np.random.default_rng(0), instrument, "signed")
        again = subject.pull(g, small).flat
    except CodeRaised:
        return "overflow_nan"
    return "overflow_nan" if np.isfinite(again).all() else "masked_nan"
