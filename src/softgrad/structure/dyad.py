"""Square matrices that are a product of two vectors off their diagonal."""

from dataclasses import dataclass

from softgrad import native
from softgrad._array import Array, device, namespace
from softgrad.axis import Axis
from softgrad.structure._base import times

__all__ = ["Dyad"]

LAST = Axis(-1)


@dataclass(frozen=True, eq=False)
class Dyad:
    """u_i v_j off the diagonal and d_i on it, for every row of u, v and d.

    The diagonal is given apart because it is where u_i v_i would have to be subtracted.
    """

    u: Array
    v: Array
    d: Array

    def weighted(self, outer: Array | float = 1.0, inner: Array | float = 1.0) -> "Dyad":
        """Return the form between two diagonal maps."""
        return Dyad(_by(outer, self.u), _by(inner, self.v), _by(outer, _by(inner, self.d)))

    def transposed(self) -> "Dyad":
        """Return the form of the transposed matrices."""
        return Dyad(self.v, self.u, self.d)

    def matrices(self, axis: Axis | None) -> Array:
        """Return one matrix for each row along the axis; along none, one for all entries."""
        u, v, d = (_rows(part, axis) for part in (self.u, self.v, self.d))
        if found := native.rows("dyads", LAST, u, v, d):
            return found[0]
        return Dyad(u, v, d).formed()

    def formed(self) -> Array:
        """Return the matrices of vectors along the last axis, without a kernel."""
        xp = namespace(self.u)
        on = xp.eye(self.u.shape[-1], dtype=xp.bool, device=device(self.u))
        off = times(self.u[..., None], self.v[..., None, :])
        return xp.where(on, self.d[..., None], off)


def _by(factor: Array | float, part: Array) -> Array:
    return part if isinstance(factor, float) else times(factor, part)


def _rows(part: Array, axis: Axis | None) -> Array:
    xp = namespace(part)
    if axis is None:
        return xp.reshape(part, (1, -1))
    assert axis.dim is not None
    last = part if axis.dim == -1 else xp.moveaxis(part, axis.dim, -1)
    return xp.reshape(last, (-1, last.shape[-1]))
