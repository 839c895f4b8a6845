"""Right or wrong without a tolerance: a few random directions and measured error bounds."""

from dataclasses import dataclass, field

import numpy as np

from softgrad.check.measure.instrument import GOAL, Instrument, Slope
from softgrad.check.measure.rounding import beside, direction, floor_of, widest_floor
from softgrad.check.measure.streams import norm, norms
from softgrad.check.precision import SAFETY, rounded
from softgrad.check.subject.subject import Gradient, Subject

__all__ = ["Probe", "Shot", "beside", "cotangent", "direction", "floor_of", "probe"]

_EXACT = 1e-12


@dataclass(frozen=True)
class Shot:
    """One comparison: cotangent, claimed gradient, direction, and how far they may be apart.

    ``floor`` is the rounding in the claimed gradient.
    """

    g: np.ndarray
    d: np.ndarray
    u: np.ndarray
    slope: Slope
    bound: float
    floor: float = 0.0

    def claimed(self, subject: Subject, u: np.ndarray) -> np.ndarray:
        """Return the claimed gradient, or of a forward-mode claim its part along ``u``."""
        return self.d if subject.claim.reverse else subject.pull(self.g, along=u).flat

    @property
    def wrong(self) -> bool:
        """Whether the residual exceeds what measurement and rounding explain."""
        return not abs(self.slope.residual) <= self.bound

    @property
    def blind(self) -> bool:
        """Whether nothing could be measured."""
        return not np.isfinite(self.bound)


@dataclass
class Probe:
    """What the probe saw.

    Parameters
    ----------
    status
        ``right``, ``wrong``, ``kinked`` (needs the entries looked at one by one), ``nonfinite``
        (the claim is NaN or infinite somewhere), ``overflow`` (the function itself is), ``blind``
        or ``vacuous`` (no finite output).
    instrument
        The measured function.
    shots
        The comparisons made.
    gradient
        The first claimed gradient.
    """

    status: str
    instrument: Instrument
    shots: list[Shot] = field(default_factory=list)
    gradient: Gradient | None = None

    @property
    def first(self) -> Shot:
        """The first comparison that found a difference, or else the first one."""
        return next((shot for shot in self.shots if shot.wrong), self.shots[0])


def cotangent(rng: np.random.Generator, instrument: Instrument, kind: str) -> np.ndarray:
    """Return an upstream gradient that the outputs' dtypes hold exactly; 0 where f is not finite.

    ``signed`` finds most things; ``positive`` adds up what a signed one averages away.
    """
    subject = instrument.subject
    size = instrument.y.size
    g = direction(rng, size) if kind == "signed" else 0.5 + rng.random(size)
    pairs = zip(subject.output_slices, subject.outputs, strict=True)
    parts = [rounded(g[s], dtype) for s, (_, dtype) in pairs]
    return instrument.masked(np.concatenate(parts) if parts else g)


def probe(
    subject: Subject,
    seed: int,
    *,
    lines: int = 2,
    factor: float = 1.0,
    goal: float = GOAL,
    instrument: Instrument | None = None,
) -> Probe:
    """Compare the claimed derivative with the function along ``lines`` random directions."""
    rng = np.random.default_rng(seed)
    gauge = instrument or Instrument(subject)
    if gauge.wide and (np.isnan(gauge.narrow) & np.isfinite(gauge.y)).any():
        return Probe("overflow", gauge)
    if not gauge.live.any():
        return Probe("vacuous", gauge)
    result = Probe("right", gauge)
    floor, eps, weight = 0.0, 0.0, 0.0
    for kind in ("signed", "positive")[:lines]:
        g = cotangent(rng, gauge, kind)
        u = direction(rng, subject.n)
        along = None
        if not subject.claim.reverse:
            along = u = subject.quantise(u)
        claimed = subject.pull(g, along=along, watch=result.gradient is None)
        result.gradient = result.gradient or claimed
        if claimed.misshapen:
            result.status = "misshapen"
            return result
        claimed.flat[gauge.excused] = 0.0
        if not np.isfinite(claimed.flat).all():
            result.gradient, result.status = claimed, "nonfinite"
            return result
        if kind == "signed" or gauge.eps > 1e-4 or subject.eps_out > 1e-4:
            floor, eps = floor_of(subject, rng, g, claimed, along)
        slope = gauge.slope(g, claimed.flat, u, floor=floor, factor=factor, goal=goal)
        weight = norms(g, gauge.masked(gauge.y))[0]
        shot = _shot(g, claimed.flat, u, slope, floor, 2 * eps * weight)
        if shot.wrong and eps > _EXACT:
            floor = max(floor, widest_floor(subject, rng, g, claimed, weight, along))
            shot = _shot(g, claimed.flat, u, slope, floor, 2 * eps * weight)
        result.shots.append(shot)
    result.status = _status(result, weight)
    return result


def _shot(
    g: np.ndarray, d: np.ndarray, u: np.ndarray, slope: Slope, floor: float, rounding: float
) -> Shot:
    return Shot(g, d, u, slope, SAFETY * (slope.error + floor) + rounding, floor)


def _status(result: Probe, weight: float) -> str:
    if any(shot.slope.bent for shot in result.shots):
        return "kinked"
    if any(shot.wrong and not shot.blind for shot in result.shots):
        return "wrong"
    if all(shot.slope.size == 0 and not shot.d.any() for shot in result.shots):
        return "right"  # a constant
    worst = max(result.shots, key=lambda s: s.bound)
    scale = max(worst.slope.size, norm(worst.d), weight)
    return "blind" if worst.blind or worst.bound > 0.5 * scale else "right"
