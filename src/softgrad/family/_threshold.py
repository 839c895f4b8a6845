"""The threshold τ of entmax: Σ [u − τ]₊^(1/(α−1)) = 1."""

from collections.abc import Callable

from softgrad._array import Array, dtype_name, namespace
from softgrad.axis import Axis

__all__ = ["threshold"]

POLISH = 3


def threshold(u: Array, alpha: float, axis: Axis) -> Array:
    """Return τ for rows whose maximum is 0, by sorting for α = 1.5 and 2 and else by bisection."""
    if alpha == 2:
        tau = _by_sorting(u, axis, _linear)
    elif alpha == 1.5:
        tau = _by_sorting(u, axis, _quadratic)
    else:
        tau = _by_bisection(u, alpha, axis)
    for _ in range(POLISH):
        tau = _newton(u, tau, alpha, axis)
    return tau


def _linear(total: Array, squares: Array, k: Array) -> Array:
    return (total - 1) / k


def _quadratic(total: Array, squares: Array, k: Array) -> Array:
    xp = namespace(total)
    mean = total / k
    spread = (1 - (squares - total * mean)) / k
    return mean - xp.sqrt(xp.where(spread < 0, xp.zeros_like(spread), spread))


def _by_sorting(u: Array, axis: Axis, candidate: Callable[[Array, Array, Array], Array]) -> Array:
    """Solve for every possible support, the k largest entries, and keep the largest consistent."""
    xp = namespace(u)
    ordered = xp.sort(u, axis=axis.dim, descending=True)
    k = xp.astype(axis.positions(u) + 1, u.dtype)
    total = xp.cumulative_sum(ordered, axis=axis.dim)
    squares = xp.cumulative_sum(ordered * ordered, axis=axis.dim)
    tau = candidate(total, squares, k)
    size = axis.sum(xp.astype(tau < ordered, u.dtype))
    picked = axis.sum(xp.where(k == size, tau, xp.zeros_like(tau)))
    return xp.where(xp.isnan(axis.sum(u)), axis.sum(u), picked)


def _by_bisection(u: Array, alpha: float, axis: Axis) -> Array:
    """Halve the bracket of −τ, which spans decades, in its logarithm."""
    xp = namespace(u)
    low = xp.zeros_like(axis.max(u)) + float(axis.size(u)) ** (1 - alpha)
    high = xp.ones_like(low)
    for _ in range(48 if dtype_name(u) == "float64" else 24):
        middle = xp.sqrt(low * high)
        short = _excess(u, -middle, alpha, axis)[0] < 0
        low, high = xp.where(short, middle, low), xp.where(short, high, middle)
    return -xp.sqrt(low * high)


def _newton(u: Array, tau: Array, alpha: float, axis: Axis) -> Array:
    xp = namespace(u)
    excess, slope = _excess(u, tau, alpha, axis)
    step = excess / xp.where(slope == 0, xp.ones_like(slope), slope)
    moved = tau + step
    lost = (moved >= 0) | (moved < -1)
    return xp.where(lost, tau, moved)


def _excess(u: Array, tau: Array, alpha: float, axis: Axis) -> tuple[Array, Array]:
    """Return Σ [u − τ]₊^β − 1 and the size of its slope in τ, with β = 1/(α−1)."""
    xp = namespace(u)
    beta = 1 / (alpha - 1)
    height = u - tau
    off = height <= 0
    base = xp.where(off, xp.ones_like(height), height)
    zero = xp.zeros_like(height)
    lower = base ** (beta - 1)
    excess = axis.sum(xp.where(off, zero, lower * base)) - 1
    return excess, beta * axis.sum(xp.where(off, zero, lower))
