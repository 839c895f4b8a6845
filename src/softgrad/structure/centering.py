"""The Jacobian of log-softmax."""

from dataclasses import dataclass

from softgrad._array import Array, namespace, possible
from softgrad.axis import Axis
from softgrad.structure._accelerated import accelerated
from softgrad.structure._base import Structure
from softgrad.structure._dominant import centred_rank, pivoted, split
from softgrad.structure.dyad import Dyad

__all__ = ["Centering"]


@dataclass(frozen=True, eq=False)
class Centering(Structure):
    """t − ⟨p,t⟩, the matrix I − 1pᵀ with Σp = 1; transposed: g − p Σg.

    Not symmetric. Entries outside ``live`` are outputs that are −∞: they have no derivative and
    their cotangents are not read.
    """

    p: Array
    live: Array
    axis: Axis

    @accelerated("centering", "p", "*", "live")
    def mv(self, t: Array) -> Array:
        """Return t − ⟨p,t⟩."""
        top, others, _ = split(self.p, self.axis)
        t = pivoted(self._alive(t), top, self.axis)
        return self._alive(t - self.axis.sum(others * t))

    @accelerated("centering_transposed", "p", "*", "live")
    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return g − p Σg; at a dominant entry g(1 − p) − p Σ(other g), from the others."""
        xp = namespace(self.p)
        g = self._alive(g)
        top, others, _ = split(self.p, self.axis)
        total = self.axis.sum(g)
        if top is None:
            return self._alive(g - self.p * total)
        rest = self.axis.sum(xp.where(top, xp.zeros_like(g), g))
        dominant = self.axis.sum(others) * total - rest
        return self._alive(xp.where(top, dominant, g - self.p * total))

    def bend(self, tangent: "Centering") -> Structure:
        """Return −1 dpᵀ."""
        return _BentCentering(self, tangent.p)

    def rank(self, on: Array | None = None) -> int:
        """Return the size of the support, less one for each row that is kept whole."""
        return centred_rank(self.live, on, self.axis)

    def diagonal(self) -> Array:
        """Return 1 − p, from the sum of the others at a dominant entry."""
        xp = namespace(self.p)
        top, others, _ = split(self.p, self.axis)
        rest = 1 - self.p
        if top is not None:
            rest = xp.where(top, self.axis.sum(others), rest)
        return self._alive(rest)

    def dyad(self) -> Dyad:
        """Return −1 pᵀ, and the diagonal."""
        ones = namespace(self.p).ones_like(self.p)
        return Dyad(self._alive(-ones), self._alive(self.p), self.diagonal())

    def _alive(self, t: Array) -> Array:
        if not possible(~self.live):
            return t
        xp = namespace(t)
        return xp.where(self.live, t, xp.zeros_like(t))


@dataclass(frozen=True, eq=False)
class _BentCentering(Structure):
    """−⟨dp,t⟩ in every entry; transposed: −dp Σg."""

    at: Centering
    dp: Array

    @property
    def axis(self) -> Axis:
        return self.at.axis

    def mv(self, t: Array) -> Array:
        row = self.at.axis.sum(self.dp * self.at._alive(t))
        return self.at._alive(-row + 0 * self.dp)

    @accelerated("centering_bend_transposed", "dp", "*", "at.live")
    def rmv(self, g: Array, out: Array | None = None) -> Array:
        return -self.dp * self.at.axis.sum(self.at._alive(g))

    def bend(self, tangent: Structure) -> Structure:
        raise NotImplementedError("third derivatives: differentiate the HVP with torch or JAX")

    def diagonal(self) -> Array:
        return -self.dp
