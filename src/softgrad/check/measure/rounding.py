"""How far rounding alone can move a claimed gradient."""

import numpy as np

from softgrad.check.measure.streams import norm
from softgrad.check.precision import epsilon, smallest
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Gradient, Subject

__all__ = ["beside", "direction", "floor_of", "widest_floor"]

_FLOATING = ("float", "bfloat", "complex")
_SAMPLES = 6
_FARTHER = 64.0  # times as far, rounding moves a gradient as many times as much; a jump stays
_SHRINK = (0.5, 0.25, 0.1, 0.03)


def beside(seed: int) -> np.random.Generator:
    """Return a generator of directions that are none of the cotangents drawn with this seed.

    Along u = g a matrix cannot be told from its transpose: ⟨g, J u⟩ = ⟨g, Jᵀ u⟩.
    """
    return np.random.default_rng((seed, 1))


def direction(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return random signs times U[0.5, 1.5]: no entry is near 0, so no wrong entry can hide."""
    drawn = rng.random(size, dtype=np.float32)
    drawn -= np.float32(0.5)
    drawn += np.copysign(drawn.dtype.type(0.5), drawn) + drawn
    return drawn.astype(np.float64)


def floor_of(
    subject: Subject,
    rng: np.random.Generator,
    g: np.ndarray,
    d: Gradient,
    along: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return the rounding floor of the claimed gradient, and its dtype's unit roundoff.

    The floor is how far the gradient moves when x and g are jiggled by half a unit in the last
    place. A gradient that jumps is left with no floor: that is an error, not rounding.
    """
    eps, tiny = _units(subject, d)
    size = norm(d.flat)

    def shift_by(amount: float) -> float:
        x = subject.quantise(_jiggled(rng, subject.x, amount))
        moved = subject.pull(_jiggled(rng, g, amount), x, along=along).flat
        apart = moved - d.flat
        apart[~np.isfinite(apart)] = 0.0
        return norm(apart)

    shift = shift_by(eps)
    jump = shift / max(size, 1e-300)
    jumps = eps < 1e-4 and jump > max(0.5 * np.sqrt(eps), 1e-3)
    if jump > 0.5 or (jumps and shift_by(_FARTHER * eps) < _FARTHER / 4 * shift):
        shift = 0.0
    return max(shift, eps * size / 2) + tiny, eps


def _jiggled(rng: np.random.Generator, values: np.ndarray, eps: float) -> np.ndarray:
    amount = direction(rng, values.size)  # half a unit in the last place on average, and never 0
    amount *= 0.505 * eps
    amount += 1.0
    amount *= values
    return amount


def _jiggled_alike(rng: np.random.Generator, values: np.ndarray, eps: float) -> np.ndarray:
    """Return jiggled values in which ties are ties still, and whole numbers are left alone."""
    distinct, inverse = np.unique(values, return_inverse=True)
    moved = np.where(distinct == np.round(distinct), distinct, _jiggled(rng, distinct, eps))
    return moved[inverse]


def widest_floor(
    subject: Subject,
    rng: np.random.Generator,
    g: np.ndarray,
    d: Gradient,
    weight: float,
    along: np.ndarray | None = None,
) -> float:
    """Return the rounding floor of a gradient in few digits that may be ill conditioned here.

    Where a function saturates, its gradient is the small difference of large terms, each rounded.
    How large they are shows where it does not saturate: at the same point, shrunk. ``weight`` is
    ‖g∘y‖, from which the size of a gradient follows for inputs of a given size.
    """
    eps, tiny = _units(subject, d)
    finite = subject.x[np.isfinite(subject.x)]
    size = float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0
    floor = eps * weight / size if size else 0.0

    def norm_at(g: np.ndarray, x: np.ndarray, from_: np.ndarray | float) -> float:
        try:
            moved = subject.pull(g, subject.quantise(x), along=along).flat - from_
        except CodeRaised:
            return 0.0
        return norm(moved[np.isfinite(moved)])

    if norm_at(g, subject.x, d.flat) == 0.0:  # else it is no function of x, which is another matter
        for _ in range(_SAMPLES):
            x = _jiggled_alike(rng, subject.x, eps)
            floor = max(floor, norm_at(_jiggled(rng, g, eps), x, d.flat))
    for factor in _SHRINK:
        floor = max(floor, eps / 2 * norm_at(g, subject.x * factor, 0.0))
    return floor + tiny


def _units(subject: Subject, d: Gradient) -> tuple[float, float]:
    """Return the claim's unit roundoff, and the smallest norm its dtype can tell from 0."""
    kinds = [k for k in d.dtypes.values() if k is not None and k.startswith(_FLOATING)]
    eps = max([*(epsilon(k) for k in kinds), subject.eps_in, subject.eps_out])
    return eps, max((smallest(k) for k in kinds), default=0.0) * float(np.sqrt(d.flat.size))
