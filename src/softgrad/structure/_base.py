"""What every structured Jacobian can do, and its transpose."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from softgrad._array import Array, namespace, possible, unread

if TYPE_CHECKING:
    from softgrad.structure.dyad import Dyad

__all__ = ["Structure", "Transpose", "count", "times"]


class Structure(ABC):
    """A linear map known by a few vectors; applying it costs O(n) time and memory.

    ``mv`` and ``rmv`` are named as in SciPy's ``LinearOperator``. Every subclass is final.
    """

    @abstractmethod
    def mv(self, t: Array) -> Array:
        """Return J t: where the tangent ``t`` takes the output (JVP)."""

    @abstractmethod
    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return Jᵀ g: the gradient for the cotangent ``g`` of the output (VJP).

        It may be in ``out``, which has the input's shape, or elsewhere.
        """

    @abstractmethod
    def bend(self, tangent: Any) -> "Structure":
        """Return dJ, the change of this map along a tangent of its own data.

        ``tangent`` is a structure of the same type that holds, in each field, the tangent of that
        field: what the same constructor call makes of the tangent of a state.
        """

    @abstractmethod
    def diagonal(self) -> Array:
        """Return ∂y_i/∂x_i; only maps whose input and output have one shape have it."""

    def rank(self, on: Array | None = None) -> int | None:
        """Return the rank, or None where no rule tells it.

        ``on`` keeps only the columns of the input entries where it is True.
        """
        return None

    def dyad(self) -> "Dyad | None":
        """Return each row's matrix as two vectors and a diagonal, if it is of that form."""
        return None

    @property
    def T(self) -> "Structure":
        """The transposed map."""
        return Transpose(self)


@dataclass(frozen=True, eq=False)
class Transpose(Structure):
    """The transposed map."""

    of: Structure

    def mv(self, t: Array) -> Array:
        """Return ofᵀ t."""
        return self.of.rmv(t)

    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return of g."""
        return self.of.mv(g)

    def bend(self, tangent: "Transpose") -> "Transpose":
        """Return the transposed change."""
        return Transpose(self.of.bend(tangent.of))

    def diagonal(self) -> Array:
        """Return the diagonal, the same as the map's."""
        return self.of.diagonal()

    def dyad(self) -> "Dyad | None":
        """Return the map's form with its vectors exchanged."""
        of = self.of.dyad()
        return of and of.transposed()

    @property
    def T(self) -> Structure:
        """The map itself."""
        return self.of


def count(mask: Array, on: Array | None) -> int:
    """Return how many entries of ``mask`` are True, among those ``on`` keeps."""
    kept = mask if on is None else mask & on
    return int(namespace(mask).sum(namespace(mask).astype(kept, namespace(mask).int64)))


def times(d: Array, t: Array) -> Array:
    """Return d∘t, 0 where a zero coefficient meets an infinite or NaN t, or d is infinite.

    A zero coefficient says "does not depend"; an infinite one belongs to an output that is itself
    infinite (the log of a probability that is exactly 0) and has no derivative. Neither may turn
    an infinite or NaN cotangent, such as g/p at p = 0, into NaN (JAX, where the action must stay
    linear in t, excepted). A NaN coefficient stays NaN.
    """
    xp = namespace(d)
    infinite = xp.isinf(d)
    if possible(infinite):
        d = xp.where(infinite, xp.zeros_like(d), d)
    # a finite t is kept even where d is 0: it is the derivative of d∘t by d
    dead = unread(d == 0, t)
    return d * t if dead is None else d * xp.where(dead, xp.zeros_like(t), t)
