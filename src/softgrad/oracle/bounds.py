"""Error bounds, formed from what a function's record states."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

from softgrad.declare import Numerics
from softgrad.declare.numerics import EPSILON
from softgrad.oracle.row import Row

__all__ = ["Bounds", "excess", "ulp"]


def ulp(value: Any, dtype: str, tiny: float) -> np.ndarray:
    """Return the spacing of ``dtype`` at each value, at least ``tiny``."""
    size = np.abs(np.asarray(value, dtype=np.float64))
    _, exponent = np.frexp(np.where(np.isfinite(size), size, 0.0))
    step = np.where(size == 0, 0.0, EPSILON[dtype] * np.ldexp(1.0, exponent - 1))
    return np.maximum(step, tiny)


def excess(found: np.ndarray, exact: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return |found − exact| / allowed, formed in mpmath; NaN in ``found`` counts as infinite."""

    def ratio(f: float, e: Any, a: float) -> float:
        if np.isnan(f) or np.isinf(f):
            return 0.0 if np.isinf(f) and f == float(e) else np.inf
        return float(abs(mp.mpf(float(f)) - e) / mp.mpf(float(a)))

    return np.vectorize(ratio, otypes=[float])(np.ravel(found), np.ravel(exact), np.ravel(allowed))


@dataclass(frozen=True)
class Bounds:
    """What each result of one row may be off by; see :class:`softgrad.declare.Numerics`.

    Results below ``tiny`` cannot be told from 0, nor can a term of a product.
    """

    numerics: Numerics
    row: Row
    dtype: str
    tiny: float

    @property
    def eps(self) -> float:
        """The dtype's spacing of 1."""
        return EPSILON[self.dtype]

    def size(self) -> np.ndarray:
        """Return what an error of each entry of the value is measured by."""
        size = np.abs(self.row.value.astype(np.float64))
        if self.numerics.relative_to == "largest entry":
            return np.maximum(size, np.max(size))
        if self.numerics.relative_to == "largest logit":
            return np.maximum(size, self.row.terms.largest)
        return size

    def value(self) -> np.ndarray:
        """Return the bound on each entry of the value."""
        step = ulp(self.size(), self.dtype, self.tiny)
        return self.numerics.value * step + self.eps * self.row.terms.moved

    def product(self, absolute: np.ndarray, terms: int, size: float) -> np.ndarray:
        """Return the bound on a product, of which ``absolute`` is Σ|terms|."""
        rounded = 4 * self.row.terms.premaps * self.row.terms.largest
        lost = 8 * terms * (1 + size) * self.tiny
        return (self.numerics.derivative + rounded) * self.eps * absolute + lost
