"""What each kernel computes, row by row in extended precision, by formulas that do not cancel."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

Extended = np.longdouble
Array = np.ndarray

__all__ = [
    "Logistic",
    "Row",
    "bases",
    "bent",
    "centred",
    "centred_back",
    "dominant",
    "weighted",
]


def _sum(a: Array) -> Array:
    return a.sum(-1, keepdims=True)


class Row:
    """Rows of logits and what follows from them."""

    def __init__(self, x: Array) -> None:
        self.x = x.astype(Extended)
        self.top = x.argmax(-1)[:, None]

    @cached_property
    def maximum(self) -> Array:
        return np.take_along_axis(self.x, self.top, -1)

    @cached_property
    def e(self) -> Array:
        """exp(x − max); what the difference rounds away is put back."""
        d = self.x - self.maximum
        lost = (self.x - (d + self.maximum)) + 0
        return np.exp(d) * (1 + lost)

    @cached_property
    def others(self) -> Array:
        """The sum of e without its largest entry, which is 1."""
        rest = self.e.copy()
        np.put_along_axis(rest, self.top, 0, -1)
        return _sum(rest)

    @cached_property
    def p(self) -> Array:
        return self.e / (1 + self.others)

    @cached_property
    def log_sum(self) -> Array:
        return np.log1p(self.others)

    @cached_property
    def log_p(self) -> Array:
        return (self.x - self.maximum) - self.log_sum

    @cached_property
    def lse(self) -> Array:
        return self.maximum + self.log_sum

    @cached_property
    def lse_size(self) -> Array:
        """What the error of logsumexp is relative to."""
        return np.maximum(np.abs(self.lse), np.abs(self.maximum))

    def without(self, target: Array) -> Array:
        """Return 1 − p at one entry per row, from the sum of the others."""
        e = np.take_along_axis(self.e, target[:, None], -1)
        rest = np.where(target[:, None] == self.top, self.others, (1 + self.others) - e)
        return rest / (1 + self.others)


def bases(x: Array, power: int) -> Array:
    """Return (x − max)/power + q, where the powers of what is positive sum to 1 in every row."""
    with np.errstate(invalid="ignore"):
        u = (x - x.max(-1, keepdims=True)).astype(Extended) / power
    q = np.ones_like(u[:, :1])
    for _ in range(100):  # Newton's method from above; the sum is convex
        v = np.maximum(u + q, 0)
        step = (_sum(v**power) - 1) / (power * _sum(v ** (power - 1) * (v > 0)))
        q = q - step
        if (np.abs(step) <= 1e-19 * q).all():
            break
    return u + q


@dataclass(frozen=True)
class Dominant:
    """Rows of weights in which one may exceed the sum of all others."""

    top: Array
    others: Array
    total: Array


def dominant(s: Array) -> Dominant:
    """Return the mask of dominant weights, the weights without them, and the totals."""
    total = _sum(s)
    top = 2 * s > total
    return Dominant(top, np.where(top, 0, s), total)


def _pivoted(t: Array, top: Array) -> Array:
    return t - _sum(np.where(top, t, 0))


def weighted(s: Array, t: Array) -> tuple[Array, Array]:
    """Return s (t − ⟨s,t⟩/Σs), and the size of its terms."""
    d = dominant(s)
    t = _pivoted(t, d.top)
    mean, size = (_sum(d.others * u) / d.total for u in (t, np.abs(t)))
    return s * (t - mean), s * (np.abs(t) + size)


def bent(s: Array, ds: Array, t: Array) -> tuple[Array, Array]:
    """Return ds c − s ⟨ds,c⟩/Σs, where s c is :func:`weighted`, and the size of its terms."""
    d = dominant(s)
    t = _pivoted(t, d.top)
    mean, size = (_sum(d.others * u) / d.total for u in (t, np.abs(t)))
    moved, terms = ds * (t - mean), np.abs(ds) * (np.abs(t) + size)
    return moved - s * _sum(moved) / d.total, terms + s * _sum(terms) / d.total


def centred(p: Array, t: Array, live: Array) -> tuple[Array, Array]:
    """Return t − ⟨p,t⟩ where live, and the size of its terms."""
    d = dominant(p)
    t = _pivoted(np.where(live, t, 0), d.top)
    value = t - _sum(d.others * t)
    return np.where(live, value, 0), np.abs(t) + _sum(d.others * np.abs(t))


def centred_back(p: Array, g: Array, live: Array) -> tuple[Array, Array]:
    """Return g − p Σg where live, and the size of its terms."""
    d = dominant(p)
    g = np.where(live, g, 0)
    value, size = (_back(p, a, sign, d) for a, sign in ((g, -1), (np.abs(g), 1)))
    return np.where(live, value, 0), size


def _back(p: Array, g: Array, sign: int, d: Dominant) -> Array:
    total, rest = _sum(g), _sum(np.where(d.top, 0, g))
    at_top = _sum(d.others) * total + sign * rest
    return np.where(d.top, at_top, g + sign * p * total)


class Logistic:
    """Single numbers and what follows from exp(−|x|)."""

    def __init__(self, x: Array) -> None:
        self.x = x.astype(Extended)
        decay = np.exp(-np.abs(self.x))
        large, small = 1 / (1 + decay), decay / (1 + decay)
        self.up = np.where(self.x >= 0, large, small)
        self.down = np.where(self.x >= 0, small, large)
        self.slope = large * small
        self.tilt = np.copysign(-np.expm1(-np.abs(self.x)) * large, self.x)
        self.cost = np.maximum(self.x, 0) + np.log1p(decay)
        self.log_up = np.minimum(self.x, 0) - np.log1p(decay)
