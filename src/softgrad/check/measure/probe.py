"""Right or wrong without a tolerance: a few random directions and measured error bounds."""

from dataclasses import dataclass, field

import numpy as np

from softgrad.check.measure.instrument import Instrument, Slope
from softgrad.check.precision import epsilon, rounded, smallest
from softgrad.check.subject.subject import Gradient, Subject

__all__ = ["Probe", "Shot", "cotangent", "direction", "floor_of", "probe"]

_SAFETY = 8.0


@dataclass(frozen=True)
class Shot:
    """One comparison: cotangent, claimed gradient, direction, and how far they may be apart."""

    g: np.ndarray
    d: np.ndarray
    u: np.ndarray
    slope: Slope
    bound: float

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


def direction(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return random signs times U[0.5, 1.5]: no entry is near 0, so no wrong entry can hide."""
    return (rng.integers(0, 2, size) * 2 - 1) * (0.5 + rng.random(size))


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


def floor_of(
    subject: Subject, rng: np.random.Generator, g: np.ndarray, d: Gradient
) -> tuple[float, float]:
    """Return the rounding floor of the claimed gradient, and its dtype's unit roundoff.

    The floor is how far the gradient moves when x and g are jiggled by half a unit in the last
    place. A gradient that jumps is left with no floor: that is an error, not rounding.
    """
    kinds = [k for k in d.dtypes.values() if k is not None and "float" in k]
    eps = max([*(epsilon(k) for k in kinds), subject.eps_in, subject.eps_out])
    tiny = max((smallest(k) for k in kinds), default=0.0) * np.sqrt(d.flat.size)
    norm = float(np.linalg.norm(d.flat))

    def shift_by(amount: float) -> float:
        x = subject.quantise(_jiggled(rng, subject.x, amount))
        moved = subject.pull(_jiggled(rng, g, amount), x).flat
        apart = np.nan_to_num(moved - d.flat, posinf=0.0, neginf=0.0)
        return float(np.linalg.norm(np.where(np.isfinite(moved), apart, 0.0)))

    shift = shift_by(eps)
    jump = shift / max(norm, 1e-300)
    jumps = eps < 1e-4 and jump > max(0.5 * np.sqrt(eps), 1e-3)
    if jump > 0.5 or (jumps and shift_by(8 * eps) < 3 * shift):
        shift = 0.0
    return max(shift, eps * norm / 2) + tiny, eps


def _jiggled(rng: np.random.Generator, values: np.ndarray, eps: float) -> np.ndarray:
    amount = (rng.integers(0, 2, values.size) * 2 - 1) * (0.25 + 0.5 * rng.random(values.size))
    return np.where(np.isfinite(values), values * (1 + 1.01 * eps * amount), values)


def probe(
    subject: Subject,
    seed: int,
    *,
    lines: int = 2,
    factor: float = 1.0,
    instrument: Instrument | None = None,
) -> Probe:
    """Compare the claimed derivative with the function along ``lines`` random directions."""
    rng = np.random.default_rng(seed)
    gauge = instrument or Instrument(subject)
    lost = np.isnan(gauge.narrow) & np.isfinite(gauge.y)
    if lost.any():
        return Probe("overflow", gauge)
    if not gauge.live.any():
        return Probe("vacuous", gauge)
    result = Probe("right", gauge)
    floor, eps, weight = 0.0, 0.0, 0.0
    for kind in ("signed", "positive")[:lines]:
        g = cotangent(rng, gauge, kind)
        claimed = subject.pull(g)
        result.gradient = result.gradient or claimed
        if claimed.misshapen:
            result.status = "misshapen"
            return result
        claimed.flat[gauge.excused] = 0.0
        if not np.isfinite(claimed.flat).all():
            result.gradient, result.status = claimed, "nonfinite"
            return result
        if kind == "signed" or gauge.eps > 1e-4 or subject.eps_out > 1e-4:
            floor, eps = floor_of(subject, rng, g, claimed)
        u = direction(rng, subject.n)
        slope = gauge.slope(g, claimed.flat, u, floor=floor, factor=factor)
        weight = float(np.linalg.norm(np.where(gauge.live, g * gauge.y, 0.0)))
        bound = _SAFETY * (slope.error + floor) + 2 * eps * weight
        result.shots.append(Shot(g, claimed.flat, u, slope, bound))
    result.status = _status(result, weight)
    return result


def _status(result: Probe, weight: float) -> str:
    if any(shot.slope.bent for shot in result.shots):
        return "kinked"
    if any(shot.wrong and not shot.blind for shot in result.shots):
        return "wrong"
    worst = max(result.shots, key=lambda s: s.bound)
    scale = max(worst.slope.size, float(np.linalg.norm(worst.d)), weight)
    return "blind" if worst.blind or worst.bound > 0.5 * scale else "right"
