"""Structures made of structures: products (the chain rule) and sums."""

from dataclasses import dataclass
from functools import reduce
from operator import add

from softgrad._array import Array
from softgrad.structure._base import Structure
from softgrad.structure.diagonal import Diagonal
from softgrad.structure.dyad import Dyad

__all__ = ["Product", "Sum"]


@dataclass(frozen=True, eq=False)
class Product(Structure):
    """outer · inner, applied one after the other: the chain rule.

    With a :class:`Diagonal` inside this is the sandwich that a premap (temperature, softcap, bias,
    mask) makes of a member's Jacobian.
    """

    outer: Structure
    inner: Structure

    def mv(self, t: Array) -> Array:
        """Return outer (inner t)."""
        return self.outer.mv(self.inner.mv(t))

    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return innerᵀ (outerᵀ g)."""
        return self.inner.rmv(self.outer.rmv(g))

    def bend(self, tangent: "Product") -> Structure:
        """Return d(outer) · inner + outer · d(inner)."""
        moved_outer = Product(self.outer.bend(tangent.outer), self.inner)
        return Sum((moved_outer, Product(self.outer, self.inner.bend(tangent.inner))))

    def rank(self, on: Array | None = None) -> int | None:
        """Return the outer map's rank on the entries that a diagonal inner map lets through."""
        if not _is_diagonal(self.inner):
            return None
        try:
            through = self.inner.diagonal() != 0
        except ValueError:
            return None
        return self.outer.rank(through if on is None else through & on)

    def diagonal(self) -> Array:
        """Return the diagonal where one factor is itself diagonal."""
        if _is_diagonal(self.inner) or _is_diagonal(self.outer):
            return self.outer.diagonal() * self.inner.diagonal()
        raise ValueError("the diagonal of this product needs its dense form: use blocks()")

    def dyad(self) -> Dyad | None:
        """Return the form of one factor, weighed by the other where that is diagonal."""
        outer, inner = self.outer.dyad(), self.inner.dyad()
        if outer is None or inner is None:
            return None
        if _is_diagonal(self.inner):
            return outer.weighted(inner=inner.d)
        return inner.weighted(outer=outer.d) if _is_diagonal(self.outer) else None


def _is_diagonal(structure: Structure) -> bool:
    if isinstance(structure, Product):
        return _is_diagonal(structure.outer) and _is_diagonal(structure.inner)
    return isinstance(structure, Diagonal)


@dataclass(frozen=True, eq=False)
class Sum(Structure):
    """The sum of maps with one input and one output shape."""

    terms: tuple[Structure, ...]

    def mv(self, t: Array) -> Array:
        """Return the sum of the terms' products."""
        return reduce(add, (term.mv(t) for term in self.terms))

    def rmv(self, g: Array, out: Array | None = None) -> Array:
        """Return the sum of the terms' transposed products."""
        return reduce(add, (term.rmv(g) for term in self.terms))

    def bend(self, tangent: "Sum") -> "Sum":
        """Return the sum of the terms' changes."""
        pairs = zip(self.terms, tangent.terms, strict=True)
        return Sum(tuple(term.bend(moved) for term, moved in pairs))

    def diagonal(self) -> Array:
        """Return the sum of the diagonals."""
        return reduce(add, (term.diagonal() for term in self.terms))
