"""The one place where softgrad reduces "along the axis".

Members and structures never name a dimension: they ask an :class:`Axis` for ``max``, ``sum`` and
``size``. Another kind of axis (sharded over devices, say) needs only these methods.
"""

from dataclasses import dataclass
from operator import index
from typing import Any

from softgrad._array import Array, device, dtype_name, framework, namespace, sum_dtype
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["ALL", "Axis"]

STRIPS = {True: 16, False: 4}
"""Into how many strips a long or a short row is cut where the library does not sum well itself."""


@dataclass(frozen=True)
class Axis:
    """One dimension of an array, or all of them.

    Parameters
    ----------
    dim
        The dimension, counted from the end (-1 is the last), so that leading batch dimensions may
        be added freely; ``None`` means every dimension.
    keepdims
        Whether a result that has one entry per row keeps the dimension with size 1.
    """

    dim: int | None
    keepdims: bool = False

    @classmethod
    def of(cls, x: Array, axis: int, *, keepdims: bool = False, name: str = "x") -> "Axis":
        """Return the axis a user named, or raise if ``x`` has no such axis or it is empty."""
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise ArgumentTypeError(f"axis must be one integer; got {axis!r}")
        axis = index(axis)
        if x.ndim == 0:
            raise ArgumentError(f"{name} is 0-d and has no axis; give at least one dimension")
        if not -x.ndim <= axis < x.ndim:
            raise ArgumentError(
                f"axis must be from {-x.ndim} to {x.ndim - 1} for {name} of shape "
                f"{tuple(x.shape)}; got {axis}"
            )
        if x.shape[axis] == 0:
            raise ArgumentError(
                f"{name} of shape {tuple(x.shape)} has no entries along axis {axis}; "
                "at least one is needed"
            )
        return cls(axis - x.ndim if axis >= 0 else axis, bool(keepdims))

    def size(self, x: Array) -> int:
        """Return the number of entries of a row."""
        return x.size if self.dim is None else x.shape[self.dim]

    def max(self, x: Array) -> Array:
        """Return each row's maximum, the dimension kept."""
        return namespace(x).max(x, axis=self.dim, keepdims=True)

    def sum(self, x: Array) -> Array:
        """Return each row's sum, the dimension kept, accumulated in float64 where there is one."""
        xp = namespace(x)
        if self._sums_one_by_one(x):
            rows = xp.moveaxis(x, self.dim, -1)
            total = xp.sum(xp.ascontiguousarray(rows), axis=-1, keepdims=True)
            return xp.moveaxis(total, -1, self.dim)
        if framework(x) == "jax" and sum_dtype(x) == x.dtype and self.size(x) > 8:
            return self._sum_in_strips(x)
        total = xp.sum(x, axis=self.dim, keepdims=True, dtype=sum_dtype(x))
        return xp.astype(total, x.dtype, copy=False)

    def _sum_in_strips(self, x: Array) -> Array:
        # XLA on a CPU sums one by one, and has no wider dtype here to do it in: a row is cut into
        # strips that are added to each other, and what rounding drops is added up beside them
        # (Knuth's TwoSum)
        xp = namespace(x)
        rows = xp.reshape(x, (1, -1)) if self.dim is None else xp.moveaxis(x, self.dim, -1)
        lost = xp.zeros_like(rows[..., :1])
        while rows.shape[-1] > 1:
            rows, dropped = _added(xp, _strips(xp, rows))
            lost = dropped + _added(xp, _strips(xp, lost))[0]
        rows = rows + lost
        return (
            xp.reshape(rows, (1,) * x.ndim) if self.dim is None else xp.moveaxis(rows, -1, self.dim)
        )

    def _sums_one_by_one(self, x: Array) -> bool:
        # NumPy sums pairwise along the innermost axis in memory and one by one along the others.
        strided = self.dim is not None and framework(x) == "numpy" and dtype_name(x) == "float64"
        return strided and x.shape[self.dim] > 64 and x.strides[self.dim] > x.itemsize

    def count(self, mask: Array, dtype: Any) -> Array:
        """Return how many entries of each row are True, the dimension kept."""
        xp = namespace(mask)
        counted = xp.sum(xp.astype(mask, xp.int32), axis=self.dim, keepdims=True)
        return xp.astype(counted, dtype)

    def positions(self, x: Array) -> Array:
        """Return 0, 1, 2, ... along the axis, shaped to broadcast with ``x``."""
        assert self.dim is not None
        xp = namespace(x)
        shape = [1] * x.ndim
        shape[self.dim] = -1
        return xp.reshape(xp.arange(self.size(x), device=device(x)), tuple(shape))

    def drop(self, row: Array) -> Array:
        """Turn a per-row result with the dimension kept into what the user gets."""
        if self.keepdims:
            return row
        xp = namespace(row)
        return xp.reshape(row, ()) if self.dim is None else xp.squeeze(row, axis=self.dim)

    def lift(self, row: Array) -> Array:
        """Undo :meth:`drop`, so that the result broadcasts with the rows again."""
        if self.keepdims or self.dim is None:
            return row
        return namespace(row).expand_dims(row, axis=self.dim)


def _strips(xp: Any, rows: Array) -> list[Array]:
    size = rows.shape[-1]
    count = STRIPS[size > 1024]
    length = -(-size // count)
    if missing := length * count - size:
        rows = xp.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, missing)])
    return [rows[..., k * length : (k + 1) * length] for k in range(count)]


def _added(xp: Any, strips: list[Array]) -> tuple[Array, Array]:
    """Return the sum of the strips, and what rounding dropped from it."""
    total, *others = strips
    lost = xp.zeros_like(total)
    for strip in others:
        grown = total + strip
        virtual = grown - total
        lost = lost + ((total - (grown - virtual)) + (strip - virtual))
        total = grown
    return total, lost


ALL = Axis(None)
"""Every dimension at once: what a total or a mean reduces over."""
