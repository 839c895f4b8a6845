"""Whether a factor between the claim and the truth is another one at other values."""

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import direction
from softgrad.check.naming.instance import Pair
from softgrad.check.precision import SAFETY
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["factor_moves"]

_MOVED = 1e-3


def factor_moves(subject: Subject, p: Pair, factor: np.ndarray | float, seed: int = 0) -> bool:
    """Return whether the claim is the truth times a factor that changes with the values.

    ``factor`` is what it is here, for every entry of the Jacobian. It is looked at for one output
    at a time, the ones where it is smallest and largest.
    """
    rng = np.random.default_rng(seed)
    full = np.broadcast_to(factor, p.true.shape)
    heads = np.abs(p.true).max(1)
    rows = np.flatnonzero(heads > 1e-3 * heads.max(initial=0.0))
    if not rows.size:
        return False
    sizes = np.abs(full[rows]).max(1)
    moved = subject.x * (1 + 0.1 * rng.uniform(-1, 1, subject.n))
    try:
        there = Instrument(subject.moved(moved))
        if there.y.size != p.true.shape[0]:
            return False
        for row in {int(rows[sizes.argmin()]), int(rows[sizes.argmax()])}:
            found = _factor(there, p, row, rng)
            if found is None:
                continue
            here = full[row][np.abs(p.true[row]).argmax()]
            if abs(found - here) > _MOVED * abs(here):
                return True
    except CodeRaised:
        return False
    return False


def _factor(there: Instrument, p: Pair, row: int, rng: np.random.Generator) -> float | None:
    """Return the claimed over the true slope of one output along a random direction."""
    subject = there.subject
    where = subject.slices[p.name]
    g, u = np.zeros(there.y.size), np.zeros(subject.n)
    g[row] = 1.0
    u[where] = np.where(np.abs(p.true[row]) > p.tolerance, direction(rng, p.x.size), 0.0)
    d = subject.pull(g).flat
    if not np.isfinite(d).all():
        return None
    slope = there.slope(g, d, u)
    mine = float(d @ u)
    right = mine - slope.residual
    if SAFETY * slope.error > 1e-2 * _MOVED * abs(right):
        return None
    return mine / right
