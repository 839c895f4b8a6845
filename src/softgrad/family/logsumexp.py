"""logsumexp."""

from typing import Unpack

from softgrad._array import Array, namespace
from softgrad.axis import Axis
from softgrad.declare import Domain, Member, Node, Numerics, State
from softgrad.declare.laws import SHIFT_ADDS
from softgrad.family._rows import BLANCHARD, INF, LN2, LN3, NAN, conventions, like, normalised
from softgrad.family.premaps import ARRAYS, INPUTS, Premap, logits
from softgrad.function import declare
from softgrad.structure import Functional, WeightedCentering

__all__ = ["LOGSUMEXP", "logsumexp"]


def _solve_logsumexp(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    row, p = normalised(s)
    empty = row.others == -1
    y = row.top + xp.log1p(xp.where(empty, xp.zeros_like(row.others), row.others))
    y = s.axis.drop(xp.where(empty, xp.full_like(y, -INF), y))
    return like(s.x, y), like(s.x, p)


LOGSUMEXP = Member(
    name="logsumexp",
    inputs=("x",),
    fields=("y", "p"),
    solve=_solve_logsumexp,
    jacobian=lambda s: {"x": Functional(s.p, s.axis)},
    sensitivity=lambda s: {"p": {"x": WeightedCentering(s.p, s.axis)}},
    definition=lambda mp, x: mp.log(mp.fsum(mp.exp(v) for v in x)),
)


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain(
        "logits of any floating dtype with at least one entry along the axis",
        conventions(partial=[LN2, LN3], empty=-INF, tied=5 + LN2, undefined=NAN, nan=[NAN, LN2]),
    ),
    laws=(SHIFT_ADDS,),
    numerics=Numerics(value=4, derivative=16, relative_to="largest logit"),
    references=(BLANCHARD,),
)
def logsumexp(
    x: Array, axis: int = -1, *, keepdims: bool = False, **premap: Unpack[Premap]
) -> Array:
    """Logarithm of the sum of exponentials along an axis.

    y = log Σ_j exp(z_j), where z is x after bias, softcap, temperature and mask.

    Parameters
    ----------
    x
        Logits.
    axis
        The axis to reduce.
    keepdims
        Whether the axis stays, with size 1.
    temperature, softcap, bias, where
        Applied to the logits first, as in :func:`softmax`.

    Returns
    -------
    Array
        One number per row, in the dtype of ``x``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`softmax`.

    Notes
    -----
    *Shapes*: that of ``x`` without the axis.

    *Domain*: a row with no finite logit gives −∞ with derivative 0. +∞ or NaN gives NaN.

    *Numerics*: within 4 ulp of the larger of the value and the largest logit.

    *Derivative*: :class:`~softgrad.structure.Functional` with p = softmax(z); its Hessian is
    softmax's Jacobian.

    *Source*: Blanchard, Higham and Higham 2021.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.logsumexp(np.array([1000.0, 1000.0]))
    array(1000.69314718)
    """
    axis_ = Axis.of(x.array, axis, keepdims=keepdims)
    return Node(LOGSUMEXP, {"x": logits(x, **premap)}, axis_)
