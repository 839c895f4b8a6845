"""Exponentials that lose nothing: the one place where a row's maximum is subtracted."""

from math import factorial
from typing import NamedTuple

from softgrad._array import Array, dtype_name, framework, namespace, possible, sum_dtype
from softgrad.axis import Axis

REDUCTION = {
    "float32": (0.693145751953125, 1.428606765330187e-06, -87.33654, 7, 127, 23),
    "float64": (0.6931471803691238, 1.9082149292705877e-10, -708.396418532264, 13, 1023, 52),
}
"""ln 2 as a part that a power of two times it is exact, and the remainder; where exp is no longer a
normal number; the degree at which the series of exp on |r| ≤ (ln 2)/2 is exact; bias and place of
the exponent."""

__all__ = ["Shifted", "shift"]


class Shifted(NamedTuple):
    """A row relative to its maximum m, in float64 where x is float32 and the library has float64.

    ``below`` + ``rest`` is x − m exactly, ``exp`` is exp(x − m), and ``others`` is
    Σ exp(x − m) − 1, summed without the maximum itself.
    """

    top: Array
    below: Array
    rest: Array
    exp: Array
    others: Array


def shift(x: Array, axis: Axis) -> Shifted:
    """Return the row relative to its maximum; a row of −∞ has ``others`` = −1.

    Rounding x − m would cost |x − m|/2 ulp of exp(x − m), so the rounding error is kept; a wider
    dtype has none. The maximum adds exactly 1 to the sum and is left out of it:
    log Σ exp = m + log1p(others) is exact also where the others are tiny.
    """
    xp = namespace(x)
    wide = xp.astype(x, sum_dtype(x), copy=False)
    top = axis.max(wide)
    empty = top == -xp.inf
    if possible(empty):
        top = xp.where(empty, xp.zeros_like(top), top)
    below = wide - top
    at_top = (wide == top) & xp.isfinite(top)
    if wide.dtype == x.dtype:
        rest = _rounding(wide, top, below)
        if framework(x) == "jax":
            # XLA may fuse the subtraction with what made x, whose product is then not rounded
            below, rest = (xp.where(at_top, xp.zeros_like(a), a) for a in (below, rest))
        exp = _exp(below, rest)
    else:
        rest, exp = xp.zeros_like(top), xp.exp(below)
    others = axis.sum(exp) - 1
    if possible(others < 1):
        ties = axis.count(at_top, wide.dtype)
        others = axis.sum(xp.where(at_top, xp.zeros_like(exp), exp)) + (ties - 1)
    return Shifted(top, below, rest, exp, others)


def _rounding(a: Array, b: Array, difference: Array) -> Array:
    """Return a − b − difference exactly, where the difference is finite (Knuth's TwoSum)."""
    xp = namespace(a)
    virtual = difference - a
    error = (a - (difference - virtual)) - (b + virtual)
    return xp.where(xp.isfinite(difference), error, xp.zeros_like(error))


def _exp(below: Array, rest: Array) -> Array:
    """Return exp(below + rest), where rest is less than a rounding of below."""
    xp = namespace(below)
    if framework(below) != "jax":
        exp = xp.exp(below)
        return exp + exp * rest
    # XLA's exp is 1.6 ulp off and flushes the correction of a tiny one
    high, low, least, degree, bias, place = REDUCTION[dtype_name(below)]
    tiny = below < least
    below = xp.where(tiny, xp.zeros_like(below), below)
    power = xp.round(below / (high + low))
    r = ((below - power * high) - power * low) + rest
    series = xp.zeros_like(r)
    for k in range(degree, 1, -1):
        series = series * r + 1 / factorial(k)
    whole = xp.int32 if place == 23 else xp.int64
    scale = ((xp.astype(power, whole) + bias) << place).view(below.dtype)
    return xp.where(tiny, xp.zeros_like(r), (1 + (r + r * r * series)) * scale)
