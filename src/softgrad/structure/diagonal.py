"""The Jacobian of an elementwise map."""

from dataclasses import dataclass

from softgrad._array import Array, namespace, sum_to
from softgrad.structure._accelerated import accelerated
from softgrad.structure._base import Structure, count, times
from softgrad.structure.dyad import Dyad

__all__ = ["Diagonal"]


@dataclass(frozen=True, eq=False)
class Diagonal(Structure):
    """d∘t, for an input that may have been broadcast to the output.

    Parameters
    ----------
    d
        The derivative of each output entry, in the output's shape.
    shape
        The input's shape where it differs from the output's.
    """

    d: Array
    shape: tuple[int, ...] | None = None

    @property
    def _broadcasts(self) -> bool:
        return self.shape is not None and self.shape != tuple(self.d.shape)

    @accelerated("diagonal", "d", "*")
    def mv(self, t: Array, out: Array | None = None) -> Array:
        """Return d∘t."""
        return times(self.d, t)

    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return d∘g, summed over the axes along which the input was broadcast."""
        product = self.mv(g, out if self.shape is None else None)
        return product if self.shape is None else sum_to(product, self.shape)

    def bend(self, tangent: "Diagonal") -> "Diagonal":
        """Return the diagonal map of d's tangent."""
        return Diagonal(tangent.d, self.shape)

    def rank(self, on: Array | None = None) -> int | None:
        """Return the number of non-zero entries; unknown where the input was broadcast."""
        return None if self.shape is not None else count(self.d != 0, on)

    def diagonal(self) -> Array:
        """Return d."""
        if self._broadcasts:
            raise ValueError(f"not square: input of shape {self.shape} broadcast to {self.d.shape}")
        return self.d

    def dyad(self) -> Dyad | None:
        """Return nothing off the diagonal; None where the input was broadcast."""
        if self._broadcasts:
            return None
        xp = namespace(self.d)
        nothing = xp.zeros_like(self.d)
        return Dyad(nothing, nothing, times(self.d, xp.ones_like(self.d)))
