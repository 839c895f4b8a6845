"""Exponentials that lose nothing: the one place where a row's maximum is subtracted."""

from typing import NamedTuple

from softgrad._array import Array, framework, namespace, possible, sum_dtype
from softgrad.axis import Axis

TINY = 2.0**-64

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
    dtype has none. The
    maximum adds exactly 1 to the sum and is left out of it: log Σ exp = m + log1p(others) is exact
    also where the others are tiny.
    """
    xp = namespace(x)
    wide = xp.astype(x, sum_dtype(x), copy=False)
    top = axis.max(wide)
    empty = top == -xp.inf
    if possible(empty):
        top = xp.where(empty, xp.zeros_like(top), top)
    below = wide - top
    exp = xp.exp(below)
    rest = xp.zeros_like(top)
    if wide.dtype == x.dtype:
        virtual = below - x
        rest = (x - (below - virtual)) - (top + virtual)
        rest = xp.where(xp.isfinite(below), rest, xp.zeros_like(rest))
        exp = _corrected(exp, rest)
    others = axis.sum(exp) - 1
    if possible(others < 1):
        # compared, not subtracted: XLA may fuse the subtraction with what made x, unrounded
        at_top = (wide == top) & ~xp.isnan(below)
        ties = axis.sum(xp.astype(at_top, wide.dtype))
        others = axis.sum(xp.where(at_top, xp.zeros_like(exp), exp)) + (ties - 1)
    return Shifted(top, below, rest, exp, others)


def _corrected(exp: Array, rest: Array) -> Array:
    """Return exp·(1 + rest), rounded once."""
    corrected = exp + exp * rest
    if framework(exp) != "jax":
        return corrected
    # XLA flushes denormals to zero, and with them the correction of a tiny exp
    return namespace(exp).where(exp < TINY, exp * (1 + rest), corrected)
