"""What is right at a row, and how far from it a dtype may be, from the records and the oracle."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp

from softgrad.declare.numerics import NORMAL, TINY
from softgrad.function import Function
from softgrad.oracle.bounds import Bounds
from softgrad.oracle.row import Row as Exactly
from softgrad.oracle.row import exact_row

__all__ = ["Target", "Truth", "tiny"]


def tiny(dtype: str) -> float:
    """Return what a library may take for 0.

    Processors and compilers flush what is below the normal numbers; float16 is computed in
    float32, where its own are normal.
    """
    return TINY[dtype] if dtype == "float16" else NORMAL[dtype]


class Target(NamedTuple):
    """The right numbers (mpmath), what each may be off by, and the size errors are measured by."""

    exact: np.ndarray
    allowed: np.ndarray
    size: np.ndarray


@dataclass(frozen=True, eq=False)
class Truth:
    """A member at a row: everything exact, computed once for all libraries and dtypes."""

    function: Function
    arguments: Mapping[str, Any]

    @cached_property
    def row(self) -> Exactly:
        """Value, first and second derivatives by the logits."""
        return exact_row(self.function, dict(self.arguments), (self.function.wrt[0],))

    @property
    def width(self) -> int:
        """How many numbers the value has."""
        return self.row.value.size

    @cached_property
    def finite(self) -> bool:
        """Whether the value is finite, so that derivatives have a meaning."""
        return all(mp.isfinite(v) for v in self.row.value)

    def at(self, order: str, dtype: str, g: np.ndarray, t: np.ndarray) -> Target:
        """Return what is right for one order, an upstream gradient and a tangent."""
        bounds = Bounds(self.function.numerics, self.row, dtype, tiny(dtype))
        if order == "value":
            return Target(self.row.value, bounds.value(), bounds.size())
        J, H, terms = self.row.J, self.row.H, self.row.terms
        g, t = np.ravel(g), np.ravel(t)
        gm, tm, ga, ta = _exact(g), _exact(t), np.abs(g), np.abs(t)
        count = g.size + t.size
        if order == "vjp":
            exact, size, scale = gm @ J, ga @ terms.J, ga.max()
        elif order == "jvp":
            exact, size, scale = J @ tm, terms.J @ ta, ta.max()
        else:
            exact = np.tensordot(gm, H, 1) @ tm
            size, scale = np.tensordot(ga, terms.H, 1) @ ta, ga.max() * ta.max()
            count = count**2
        return Target(exact, bounds.product(size, count, float(scale)), size)


def _exact(a: np.ndarray) -> np.ndarray:
    return np.array([mp.mpf(float(v)) for v in a], dtype=object)
