"""The Jacobian of softmax and its relatives, and the Hessian of logsumexp and cross-entropy."""

from dataclasses import dataclass

from softgrad._array import Array, namespace, unread
from softgrad.axis import Axis
from softgrad.structure._accelerated import accelerated
from softgrad.structure._base import Structure
from softgrad.structure._dominant import centred_rank, pivoted, split
from softgrad.structure.dyad import Dyad

__all__ = ["WeightedCentering"]


@dataclass(frozen=True, eq=False)
class WeightedCentering(Structure):
    """s∘(t − ⟨s,t⟩/Σs): weigh by s after subtracting the s-weighted mean.

    As a matrix diag(s) − ssᵀ/Σs, evaluated without ever forming s − s²: an entry that holds more
    than half of the weight is computed from the sum of the *others*, so a confident row keeps its
    relative accuracy. An infinite or NaN t is not read where the weight is 0. Symmetric.
    """

    s: Array
    axis: Axis

    def centre(self, t: Array) -> Array:
        """Return t minus its s-weighted mean."""
        xp = namespace(self.s)
        top, others, total = split(self.s, self.axis)
        off = unread(self.s == 0, t)
        if off is not None:
            t = xp.where(off, xp.zeros_like(t), t)
        t = pivoted(t, top, self.axis)
        return t - self.axis.sum(others * t) / total

    @accelerated("weighted_centering", "s", "*")
    def mv(self, t: Array, out: Array | None = None) -> Array:
        """Return s∘(t − ⟨s,t⟩/Σs)."""
        return self.s * self.centre(t)

    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return the same as :meth:`mv`: the map is symmetric."""
        return self.mv(g, out)

    def bend(self, tangent: "WeightedCentering") -> Structure:
        """Return d(diag(s) − ssᵀ/Σs) along s's tangent."""
        return _BentWeightedCentering(self, tangent.s)

    def rank(self, on: Array | None = None) -> int:
        """Return the size of the support, less one for each row that is kept whole."""
        return centred_rank(self.s != 0, on, self.axis)

    def diagonal(self) -> Array:
        """Return s(1 − s/Σs), the difference taken from the sum of the others."""
        xp = namespace(self.s)
        top, others, total = split(self.s, self.axis)
        rest = total - self.s
        if top is not None:
            rest = xp.where(top, self.axis.sum(others), rest)
        return self.s * (rest / total)

    def dyad(self) -> Dyad:
        """Return −s sᵀ/Σs, and the diagonal."""
        return Dyad(self.s, -self.s / split(self.s, self.axis)[2], self.diagonal())


@dataclass(frozen=True, eq=False)
class _BentWeightedCentering(Structure):
    """ds∘c − s⟨ds,c⟩/Σs with c the centred tangent. Symmetric."""

    at: WeightedCentering
    ds: Array

    @property
    def axis(self) -> Axis:
        return self.at.axis

    @accelerated("weighted_centering_bend", "at.s", "ds", "*")
    def mv(self, t: Array) -> Array:
        s, axis = self.at.s, self.at.axis
        _, _, total = split(s, axis)
        moved = self.ds * self.at.centre(t)
        return moved - s * (axis.sum(moved) / total)

    def rmv(self, g: Array, out: Array | None = None) -> Array:
        return self.mv(g)

    def bend(self, tangent: Structure) -> Structure:
        raise NotImplementedError("third derivatives: differentiate the HVP with torch or JAX")

    def diagonal(self) -> Array:
        # ds_i − 2 s_i ds_i/S + s_i² ΣdS/S², the second-order counterpart of s − s²/S
        s, axis = self.at.s, self.at.axis
        _, _, total = split(s, axis)
        w = s / total
        return self.ds * (1 - 2 * w) + w * w * axis.sum(self.ds)
