"""The Jacobian of one number per row."""

from dataclasses import dataclass

from softgrad._array import Array, namespace
from softgrad.axis import Axis
from softgrad.structure._accelerated import accelerated
from softgrad.structure._base import Structure, count, times

__all__ = ["Functional"]


@dataclass(frozen=True, eq=False)
class Functional(Structure):
    """⟨p, t⟩ along the axis; transposed: p g."""

    p: Array
    axis: Axis

    @accelerated("functional", "p", "*")
    def mv(self, t: Array) -> Array:
        """Return ⟨p, t⟩ per row."""
        return self.axis.drop(self.axis.sum(times(self.p, t)))

    @accelerated("functional_transposed", "p", "*")
    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return p g per row."""
        return times(self.p, self.axis.lift(g))

    def bend(self, tangent: "Functional") -> "Functional":
        """Return the functional of p's tangent."""
        return Functional(tangent.p, self.axis)

    def rank(self, on: Array | None = None) -> int:
        """Return the number of rows that depend on the input at all."""
        xp = namespace(self.p)
        used = self.p != 0 if on is None else (self.p != 0) & on
        return count(self.axis.sum(xp.astype(used, self.p.dtype)) > 0, None)

    def diagonal(self) -> Array:
        """Raise: one number per row has no diagonal."""
        raise ValueError("not square: one output per row; use rmv(1.0) for the gradient")
