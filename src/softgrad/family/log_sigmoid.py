"""log_sigmoid."""

from typing import Unpack

from softgrad._array import Array
from softgrad.declare import Member, Node, State
from softgrad.family._logistic import FALLS, INF, cost, declare_elementwise, halves
from softgrad.family.premaps import Premap, logits
from softgrad.structure import Diagonal

__all__ = ["LOG_SIGMOID", "log_sigmoid"]


def _solve_log_sigmoid(s: State) -> tuple[Array, ...]:
    up, down, log = halves(s.x)
    return -cost(-s.x, log), down, up


LOG_SIGMOID = Member(
    name="log_sigmoid",
    inputs=("x",),
    fields=("y", "down", "up"),
    solve=_solve_log_sigmoid,
    jacobian=lambda s: {"x": Diagonal(s.down)},
    sensitivity=lambda s: {
        "down": {"x": Diagonal(-s.up * s.down)},
        "up": {"x": Diagonal(s.up * s.down)},
    },
    definition=lambda mp, x: -mp.log(1 + mp.exp(-x)),
    along_axis=False,
)


@declare_elementwise(at_minus=-INF, at_plus=0.0, masked=-INF, law=FALLS)
def log_sigmoid(x: Array, **premap: Unpack[Premap]) -> Array:
    """Logarithm of the sigmoid: −log(1 + exp(−z)), entry by entry.

    Parameters
    ----------
    x
        Any array of floating dtype.
    temperature, softcap, bias, where
        Applied first, as in :func:`softmax`; a masked entry gives −∞.

    Returns
    -------
    Array
        Values ≤ 0 of the shape and dtype of ``x``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`sigmoid`.

    Notes
    -----
    *Shapes*: as ``x``. *Domain*: ±∞ give the limits −∞ and 0; NaN stays.

    *Numerics*: within 4 ulp everywhere. *Derivative*:
    :class:`~softgrad.structure.Diagonal` with sigmoid(−z).

    *Source*: Mächler 2012, 'Accurately computing log(1 − exp(−|a|))'.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.log_sigmoid(np.array([-100.0, 0.0]))
    array([-100.        ,   -0.69314718])
    """
    return Node(LOG_SIGMOID, {"x": logits(x, **premap)})
