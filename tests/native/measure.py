"""Errors of a kernel's results in units of the last place, every precision included."""

from dataclasses import dataclass

import ml_dtypes
import numpy as np

__all__ = ["PRECISIONS", "Expected", "Precision", "Truth", "ulp"]

Extended = np.longdouble


@dataclass(frozen=True)
class Precision:
    """A floating format: how many bits follow the leading one, and its least normal exponent."""

    name: str
    stored: str
    digits: int
    lowest: int

    @property
    def work(self) -> "Precision":
        """The precision that kernels compute in."""
        return PRECISIONS["float64" if self.name == "float64" else "float32"]

    @property
    def largest(self) -> np.longdouble:
        """The number above which everything is rounded to infinity."""
        two = np.longdouble(2)
        return np.ldexp(two - two ** -(self.digits + 1), 1 - self.lowest)

    @property
    def is_half(self) -> bool:
        return self.digits < 23

    @property
    def _dtype(self) -> np.dtype:
        return np.dtype(ml_dtypes.bfloat16 if self.name == "bfloat16" else self.name)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return numbers as a kernel reads them."""
        return np.ascontiguousarray(x.astype(self._dtype).view(self.stored))

    def decode(self, stored: np.ndarray) -> np.ndarray:
        """Return what a kernel read or wrote as float64."""
        with np.errstate(invalid="ignore"):
            return stored.view(self._dtype).astype(np.float64)


PRECISIONS = {
    p.name: p
    for p in (
        Precision("float32", "f4", 23, -126),
        Precision("float64", "f8", 52, -1022),
        Precision("float16", "f2", 10, -14),
        Precision("bfloat16", "u2", 7, -126),
    )
}


def ulp(x: np.ndarray, precision: Precision) -> np.ndarray:
    """Return the unit in the last place at x, subnormals included."""
    size = np.maximum(np.abs(x), np.ldexp(1.0, precision.lowest))
    return np.ldexp(1.0, np.frexp(size)[1] - 1 - precision.digits)


@dataclass(frozen=True)
class Truth:
    """An output in extended precision, and how far a kernel's may be from it.

    Parameters
    ----------
    name
        Says which output it is, or which entries of one.
    value
        The exact output.
    bound
        In units of the last place of ``scale``, in the precision that is computed in.
    scale
        The value itself if None.
    terms
        What the terms of a sum that may cancel add up to in size; then the unit is eps times that.
    where
        The entries this speaks of; all of them if None.
    """

    name: str
    value: np.ndarray
    bound: float
    scale: np.ndarray | None = None
    terms: np.ndarray | None = None
    where: np.ndarray | None = None

    def unit(self, precision: Precision) -> np.ndarray:
        """Return what the bound counts."""
        if self.terms is not None:
            smallest = np.ldexp(1.0, precision.lowest - precision.digits)
            return np.maximum(np.ldexp(self.terms.astype(float), -precision.digits), smallest)
        return ulp((self.value if self.scale is None else self.scale).astype(float), precision)


class Expected:
    """A truth prepared for comparison, once for all instruction sets, in float64 alone.

    A result that is stored in half precision may be half a unit of that further away.
    """

    def __init__(self, truth: Truth, work: Precision, stored: Precision) -> None:
        with np.errstate(all="ignore"):
            high = truth.value.astype(np.float64)
            self._high = np.where(np.abs(high) > stored.largest, np.copysign(np.inf, high), high)
            self._unit = truth.unit(work)
            low = (truth.value - self._high) / self._unit
        self._low = np.where(np.isfinite(low), low, 0).astype(np.float64)
        self._slack = ulp(self._high, stored) / (2 * self._unit) if stored.is_half else 0.0
        self._where = truth.where

    def error(self, found: np.ndarray) -> float:
        """Return the largest error of ``found``, NaN counting as infinite."""
        with np.errstate(all="ignore"):
            errors = np.abs((found - self._high) / self._unit - self._low) - self._slack
        same = (found == self._high) & ~np.isfinite(self._high)
        errors = np.where(same, 0, errors)
        if self._where is not None:
            errors = errors[self._where]
        if errors.size == 0:
            return 0.0
        worst = float(errors.max())
        return np.inf if np.isnan(worst) else worst
