"""Rows in which one entry holds more than half of the weight.

There 1 − p, t_i − ⟨p,t⟩ and g_i − p_i Σg cancel: p rounds to 1 and the result to 0. The sum of the
*other* entries has no such problem, so every structure works on the others and a pivot.
"""

from softgrad._array import Array, namespace, possible
from softgrad.axis import Axis

__all__ = ["centred_rank", "pivoted", "split"]


def split(s: Array, axis: Axis) -> tuple[Array | None, Array, Array]:
    """Return (mask of the dominant entry, the weights without it, the total or 1 where it is 0).

    The mask is None where no row is seen to have a dominant entry.
    """
    xp = namespace(s)
    total = axis.sum(s)
    top = s > total / 2
    total = xp.where(total == 0, xp.ones_like(total), total)
    if not possible(top):
        return None, s, total
    return top, xp.where(top, xp.zeros_like(s), s), total


def pivoted(t: Array, top: Array | None, axis: Axis) -> Array:
    """Return t minus its entry at ``top``, exactly 0 there; t itself in rows that have no top."""
    if top is None:
        return t
    # Masked, not subtracted, so that the transposed program JAX derives is as accurate as this one.
    xp = namespace(t)
    zero = xp.zeros_like(t)
    return xp.where(top, zero, t - axis.sum(xp.where(top, t, zero)))


def centred_rank(support: Array, on: Array | None, axis: Axis) -> int:
    """Return the rank of a centring: any proper subset of a row's columns is independent."""
    xp = namespace(support)
    size = axis.sum(xp.astype(support, xp.float32))
    kept = axis.sum(xp.astype(support if on is None else support & on, xp.float32))
    whole = (kept == size) & (size > 0)
    return int(xp.sum(kept) - xp.sum(xp.astype(whole, xp.float32)))
