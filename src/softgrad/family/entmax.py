"""entmax and sparsemax: softmax's sparse relatives."""

from dataclasses import replace
from typing import Any, Unpack

from softgrad._array import Array, namespace, sum_dtype
from softgrad.axis import Axis
from softgrad.declare import Convention, Domain, Leaf, Member, Node, Numerics, State
from softgrad.declare.laws import PERMUTES, SHIFT_FREE, SUMS_TO_ONE
from softgrad.errors import ArgumentError
from softgrad.family._arguments import number
from softgrad.family._rows import INF, NAN, conventions, like
from softgrad.family._simplex import around_largest, around_smallest
from softgrad.family.premaps import ARRAYS, INPUTS, Premap, logits
from softgrad.family.softmax import SOFTMAX
from softgrad.function import declare
from softgrad.structure import Diagonal, Product, WeightedCentering

__all__ = ["ENTMAX", "entmax", "sparsemax"]

PETERS = "Peters, Niculae, Martins 2019, 'Sparse sequence-to-sequence models', arXiv:1905.05702"
MARTINS = "Martins, Astudillo 2016, 'From softmax to sparsemax', arXiv:1602.02068"


def _power(p: Array, exponent: float) -> Array:
    """Return p^exponent on the support of p and 0 off it."""
    xp = namespace(p)
    off = p == 0
    power = xp.where(off, xp.ones_like(p), p) ** exponent
    # NaN to the power of 0 is 1 to IEEE; here a NaN stays
    return xp.where(off | xp.isnan(p), p, power)


def _solve(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    x = xp.astype(s.x, sum_dtype(s.x), copy=False)
    top = s.axis.max(x)
    finite = xp.isfinite(top)
    gap = x - xp.where(finite, top, xp.zeros_like(top))
    rows = around_largest if s.alpha <= 2 else around_smallest
    p = xp.where(gap == -INF, xp.zeros_like(gap), rows(gap, s.alpha, s.axis))
    total = s.axis.sum(p)
    p = p / xp.where(total == 0, xp.ones_like(total), total)
    p = xp.where(finite | (top == -INF), p, xp.full_like(p, NAN))
    return like(s.x, p), like(s.x, _power(p, 2 - s.alpha))


def _define(mp: Any, x: list, alpha: float) -> list:
    beta = 1 / (mp.mpf(alpha) - 1)
    scaled = [v / beta for v in x]
    top = max(scaled)
    if top == -mp.inf:
        return [mp.mpf(0)] * len(x)

    def powers(tau: Any, exponent: Any) -> list:
        return [(v - tau) ** exponent if v > tau else mp.mpf(0) for v in scaled]

    low, high = top - 1, top
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if mp.fsum(powers(middle, beta)) >= 1 else (low, middle)
    tau = low
    for _ in range(int(mp.log(mp.prec, 2))):
        slope = beta * mp.fsum(powers(tau, beta - 1))
        tau += (mp.fsum(powers(tau, beta)) - 1) / slope
    return powers(tau, beta)


ENTMAX = Member(
    name="entmax",
    inputs=("x",),
    fields=("p", "s"),
    solve=_solve,
    jacobian=lambda s: {"x": WeightedCentering(s.s, s.axis)},
    sensitivity=lambda s: {
        "s": {
            "x": Product(
                Diagonal((2 - s.alpha) * _power(s.p, 1 - s.alpha)),
                WeightedCentering(s.s, s.axis),
            )
        }
    },
    definition=_define,
)

KNOWN = {
    alpha: replace(ENTMAX, name=name) for alpha, name in ((1.5, "entmax15"), (2.0, "sparsemax"))
}
"""The α that have kernels, and what those are called."""

CONVENTIONS = (
    *conventions(
        partial=[[0.5, 0.0, 0.5], [1 / 3, 1 / 3, 1 / 3]],
        empty=[0.0, 0.0],
        tied=[0.5, 0.5],
        undefined=[NAN, NAN],
        nan=[[NAN, NAN], [0.5, 0.5]],
    ),
    Convention(
        "at the edge of the support",
        {"x": [3.0, 1.0]},
        [1.0, 0.0],
        "An entry exactly at the threshold is outside the support: the derivative from below.",
    ),
)


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain("logits of any floating dtype and one alpha ≥ 1", CONVENTIONS),
    laws=(SHIFT_FREE, SUMS_TO_ONE, PERMUTES),
    numerics=Numerics(value=32, derivative=128, n=4096, relative_to="largest entry"),
    references=(PETERS,),
)
def entmax(x: Array, alpha: float = 1.5, axis: int = -1, **premap: Unpack[Premap]) -> Array:
    """Sparse softmax: [(α−1)z − τ]₊^(1/(α−1)), with τ such that the row sums to 1.

    α = 1 is softmax, α = 2 sparsemax; between and beyond, the larger α the sparser the result.

    Parameters
    ----------
    x
        Logits.
    alpha
        Any number ≥ 1.
    axis
        The axis along which probabilities sum to 1.
    temperature, softcap, bias, where
        Applied to the logits first, as in :func:`softmax`.

    Returns
    -------
    Array
        Probabilities of the shape and dtype of ``x``, many of them exactly 0.

    Raises
    ------
    ArgumentError
        ``alpha`` below 1 or not finite, and as :func:`softmax`.
    ArgumentTypeError
        ``alpha`` is not a number, and as :func:`softmax`.

    Notes
    -----
    *Shapes*: as ``x``. *Domain*: as :func:`softmax`; an entry exactly at the threshold is outside
    the support.

    *Numerics*: entries off by at most 32 eps, in units of the largest, for rows up to 4,096
    entries, for every α. The one unknown of a row is found by bisection and polished by Newton's
    method.

    *Derivative*: :class:`~softgrad.structure.WeightedCentering` with s = p^(2−α) on the support:
    s∘(g − ⟨s,g⟩/Σs).

    *Source*: Peters, Niculae and Martins 2019, equations 8 and 12.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.entmax(np.array([1.0, 1.0, -3.0]))
    array([0.5, 0.5, 0. ])
    """
    alpha = _checked(alpha)
    z = logits(x, **premap)
    if alpha == 1:
        return Node(SOFTMAX, {"x": z}, Axis.of(x.array, axis))
    return _node(z, alpha, Axis.of(x.array, axis))


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain("logits of any floating dtype", CONVENTIONS),
    laws=(SHIFT_FREE, SUMS_TO_ONE, PERMUTES),
    numerics=Numerics(value=32, derivative=128, n=4096, relative_to="largest entry"),
    references=(MARTINS,),
)
def sparsemax(x: Array, axis: int = -1, **premap: Unpack[Premap]) -> Array:
    """Sparsemax: the point of the probability simplex nearest to the logits.

    [z − τ]₊ with τ such that the row sums to 1: :func:`entmax` with α = 2.

    Parameters
    ----------
    x
        Logits.
    axis
        The axis along which probabilities sum to 1.
    temperature, softcap, bias, where
        Applied to the logits first, as in :func:`softmax`.

    Returns
    -------
    Array
        Probabilities of the shape and dtype of ``x``, many of them exactly 0.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`softmax`.

    Notes
    -----
    *Shapes*: as ``x``. *Domain* and *Numerics*: as :func:`entmax`.

    *Derivative*: :class:`~softgrad.structure.WeightedCentering` with s = 1 on the support, 0 off
    it: subtract from g its mean over the support.

    *Source*: Martins and Astudillo 2016, equations 2 and 9.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.sparsemax(np.array([1.0, 1.5, 0.0]))
    array([0.25, 0.75, 0.  ])
    """
    z = logits(x, **premap)
    return _node(z, 2.0, Axis.of(x.array, axis))


def _node(z: Node | Leaf, alpha: float, axis: Axis) -> Node:
    return Node(KNOWN.get(alpha, ENTMAX), {"x": z}, axis, constants={"alpha": alpha})


def _checked(alpha: float) -> float:
    alpha = number("alpha", alpha)
    if not 1 <= alpha < INF:
        raise ArgumentError(f"alpha must be at least 1 and finite; got {alpha}")
    return alpha
