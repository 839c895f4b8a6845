"""The rows of entmax: p_i = [p_k^(α−1) + (α−1)(x_i − x_k)]₊^(1/(α−1)) with Σp = 1, for any entry k.

One unknown is left, the probability of the entry the row is written around. Around the largest,
every p is a smooth function of it for α ≤ 2; for α > 2 the power is below 1 and a rounding of the
threshold would move small probabilities by far more, so the row is written around the *smallest*
entry of the support, where all terms are sums of what is not negative.
"""

from collections.abc import Callable
from math import ceil, log2

from softgrad._array import Array, dtype_name, namespace
from softgrad.axis import Axis

__all__ = ["around_largest", "around_smallest"]

POLISH = 3


def around_largest(gap: Array, alpha: float, axis: Axis) -> Array:
    """Return p for 1 < α ≤ 2, given x minus the row's maximum."""
    xp = namespace(gap)

    def powers(largest: Array) -> Array:
        # the form that tends to softmax as α tends to 1: p exp(log(1 + (α−1) gap p^(1−α))/(α−1))
        ratio = (alpha - 1) * gap * largest ** (1 - alpha)
        off = ratio <= -1
        inside = xp.where(off, xp.zeros_like(ratio), ratio)
        p = largest * xp.exp(xp.log1p(inside) / (alpha - 1))
        return xp.where(off, xp.zeros_like(p), p)

    if alpha in CLOSED:
        largest = _sorted(gap, alpha, axis)
    else:
        one = xp.ones_like(axis.max(gap))
        least = one / axis.size(gap)
        largest = _bisected(lambda middle: axis.sum(powers(middle)), least, one, geometric=True)
    for _ in range(POLISH):
        p = powers(largest)
        slope = axis.sum(xp.where(p == 0, xp.zeros_like(p), p / largest) ** (2 - alpha))
        if alpha == 2:
            slope = axis.count(p > 0, p.dtype)
        largest = largest - (axis.sum(p) - 1) / xp.where(slope == 0, xp.ones_like(slope), slope)
    return powers(largest)


def _linear(ordered: Array, k: Array, axis: Axis) -> Array:
    return (1 - namespace(k).cumulative_sum(ordered, axis=axis.dim)) / k


def _quadratic(ordered: Array, k: Array, axis: Axis) -> Array:
    xp = namespace(k)
    total = xp.cumulative_sum(ordered, axis=axis.dim)
    squares = xp.cumulative_sum(ordered * ordered, axis=axis.dim)
    mean = total / k
    spread = (1 - (squares - total * mean)) / k
    return (xp.sqrt(xp.where(spread < 0, xp.zeros_like(spread), spread)) - mean) ** 2


CLOSED = {1.5: _quadratic, 2.0: _linear}
"""The largest probability if the k largest entries are the support, from their sums."""


def _sorted(gap: Array, alpha: float, axis: Axis) -> Array:
    """Try every support, the k largest entries, and keep the largest that holds itself."""
    xp = namespace(gap)
    u = (alpha - 1) * gap
    u = xp.where(u < -2, xp.full_like(u, -2), u)  # one below the maximum is never in the support
    ordered = xp.sort(u, axis=axis.dim, descending=True)
    k = xp.astype(axis.positions(gap) + 1, gap.dtype)
    largest = CLOSED[alpha](ordered, k, axis)
    size = axis.count(-ordered < largest ** (alpha - 1), gap.dtype)
    return axis.sum(xp.where(k == size, largest, xp.zeros_like(largest)))


def around_smallest(gap: Array, alpha: float, axis: Axis) -> Array:
    """Return p for α > 2, given x minus the row's maximum."""
    xp = namespace(gap)
    edge, size = _edge(gap, alpha, axis)
    inside = gap >= edge
    rise = (alpha - 1) * xp.where(inside, gap - edge, xp.zeros_like(gap))

    def powers(smallest: Array) -> Array:
        base = smallest ** (alpha - 1) + rise
        off = ~inside | (base == 0)
        p = xp.where(off, xp.ones_like(base), base) ** (1 / (alpha - 1))
        return xp.where(off, xp.zeros_like(p), p)

    zero = xp.zeros_like(edge)
    smallest = _bisected(lambda middle: axis.sum(powers(middle)), zero, 1 / size, geometric=False)
    for _ in range(POLISH):
        p = powers(smallest)
        share = xp.where(p == 0, xp.zeros_like(p), smallest / xp.where(p == 0, xp.ones_like(p), p))
        slope = axis.sum(share ** (alpha - 2))
        slope = xp.where(slope < 1, xp.ones_like(slope), slope)
        moved = smallest - (axis.sum(p) - 1) / slope
        smallest = xp.where(moved < 0, zero, moved)
    return powers(smallest)


def _edge(gap: Array, alpha: float, axis: Axis) -> tuple[Array, Array]:
    """Return the smallest supported entry of each row and the size of the support.

    The k largest entries are supported if cutting at the k-th leaves a sum below 1.
    """
    xp = namespace(gap)
    ordered = xp.sort(gap, axis=axis.dim, descending=True)
    rank = xp.astype(axis.positions(gap) + 1, gap.dtype)

    def entry(k: Array) -> Array:
        return axis.sum(xp.where(rank == k, ordered, xp.zeros_like(ordered)))

    low = axis.sum(xp.zeros_like(gap)) + 1
    high = low * axis.size(gap)
    for _ in range(ceil(log2(axis.size(gap))) + 1):
        middle = xp.floor((low + high + 1) / 2)
        cut = entry(middle)
        above = xp.where(gap > cut, gap - cut, xp.zeros_like(gap))
        fits = axis.sum(((alpha - 1) * above) ** (1 / (alpha - 1))) < 1
        low, high = xp.where(fits, middle, low), xp.where(fits, high, middle - 1)
    return entry(low), low


def _bisected(
    total: Callable[[Array], Array], low: Array, high: Array, *, geometric: bool
) -> Array:
    """Return where an increasing function reaches 1."""
    xp = namespace(low)
    for _ in range(48 if dtype_name(low) == "float64" else 24):
        middle = xp.sqrt(low * high) if geometric else (low + high) / 2
        short = total(middle) < 1
        low, high = xp.where(short, middle, low), xp.where(short, high, middle)
    return xp.sqrt(low * high) if geometric else (low + high) / 2
