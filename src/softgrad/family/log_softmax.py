"""log_softmax."""

from typing import Any, Unpack

from softgrad._array import Array, namespace
from softgrad.axis import Axis
from softgrad.declare import Domain, Member, Node, Numerics, State
from softgrad.declare.laws import PERMUTES, SHIFT_FREE
from softgrad.family._rows import BLANCHARD, INF, LN2, LN3, NAN, conventions, like, normalised
from softgrad.family.premaps import ARRAYS, INPUTS, Premap, logits
from softgrad.function import declare
from softgrad.structure import Centering, WeightedCentering

__all__ = ["LOG_SOFTMAX", "log_softmax"]


def _solve_log_softmax(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    row, p = normalised(s)
    empty = row.others == -1
    log_total = xp.log1p(xp.where(empty, xp.zeros_like(row.others), row.others))
    y = (row.below - log_total) + row.rest
    return like(s.x, xp.where(empty, xp.full_like(y, s.empty), y)), like(s.x, p)


def _define_log_softmax(mp: Any, x: list, empty: float) -> list:
    total = mp.fsum(mp.exp(v) for v in x)
    return [v - mp.log(total) if total else mp.mpf(empty) for v in x]


LOG_SOFTMAX = Member(
    name="log_softmax",
    inputs=("x",),
    fields=("y", "p"),
    solve=_solve_log_softmax,
    jacobian=lambda s: {"x": Centering(s.p, s.x != -INF, s.axis)},
    sensitivity=lambda s: {"p": {"x": WeightedCentering(s.p, s.axis)}},
    definition=_define_log_softmax,
)


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain(
        "logits of any floating dtype with at least one entry along the axis",
        conventions(
            partial=[[-LN2, -INF, -LN2], [-LN3, -LN3, -LN3]],
            empty=[-INF, -INF],
            tied=[-LN2, -LN2],
            undefined=[NAN, NAN],
            nan=[[NAN, NAN], [-LN2, -LN2]],
        ),
    ),
    laws=(SHIFT_FREE, PERMUTES),
    numerics=Numerics(value=4, derivative=16),
    references=(BLANCHARD,),
)
def log_softmax(x: Array, axis: int = -1, **premap: Unpack[Premap]) -> Array:
    """Logarithm of softmax: each logit minus the logsumexp of its row.

    y_i = z_i − log Σ_j exp(z_j), where z is x after bias, softcap, temperature and mask.

    Parameters
    ----------
    x
        Logits.
    axis
        The axis along which exp(y) sums to 1.
    temperature, softcap, bias, where
        Applied to the logits first, as in :func:`softmax`.

    Returns
    -------
    Array
        Log-probabilities of the shape and dtype of ``x``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`softmax`.

    Notes
    -----
    *Shapes*: as ``x``.

    *Domain*: −∞ stays −∞, with derivative 0. A row with no finite logit is −∞ throughout. +∞ or NaN
    makes its own row NaN.

    *Numerics*: each entry within 4 ulp, that of a confident class included, where log p is taken
    from the sum of the *other* exponentials: log1p(others).

    *Derivative*: :class:`~softgrad.structure.Centering`, I − 1pᵀ, which is not symmetric: the VJP
    is g − p Σg, the JVP t − ⟨p,t⟩.

    *Source*: Blanchard, Higham and Higham 2021.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.log_softmax(np.array([0.0, 0.0]))
    array([-0.69314718, -0.69314718])
    """
    z = logits(x, **premap)
    return Node(LOG_SOFTMAX, {"x": z}, Axis.of(x.array, axis), constants={"empty": -INF})
