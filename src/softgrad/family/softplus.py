"""softplus."""

from typing import Unpack

from softgrad._array import Array
from softgrad.declare import Member, Node, State
from softgrad.family._logistic import FALLS, INF, cost, declare_elementwise, halves
from softgrad.family.premaps import Premap, logits
from softgrad.structure import Diagonal

__all__ = ["SOFTPLUS", "softplus"]


def _solve_softplus(s: State) -> tuple[Array, ...]:
    up, down, log = halves(s.x)
    return cost(s.x, log), up, down


SOFTPLUS = Member(
    name="softplus",
    inputs=("x",),
    fields=("y", "up", "down"),
    solve=_solve_softplus,
    jacobian=lambda s: {"x": Diagonal(s.up)},
    sensitivity=lambda s: {
        "up": {"x": Diagonal(s.up * s.down)},
        "down": {"x": Diagonal(-s.up * s.down)},
    },
    definition=lambda mp, x: mp.log(1 + mp.exp(x)),
    along_axis=False,
)


@declare_elementwise(at_minus=0.0, at_plus=INF, masked=0.0, law=FALLS)
def softplus(x: Array, **premap: Unpack[Premap]) -> Array:
    """Softplus: log(1 + exp(z)), entry by entry; the integral of the sigmoid.

    Parameters
    ----------
    x
        Any array of floating dtype.
    temperature, softcap, bias, where
        Applied first, as in :func:`softmax`; a masked entry gives 0.

    Returns
    -------
    Array
        Values ≥ 0 of the shape and dtype of ``x``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`sigmoid`.

    Notes
    -----
    *Shapes*: as ``x``. *Domain*: ±∞ give the limits 0 and ∞; NaN stays.

    *Numerics*: within 4 ulp everywhere. *Derivative*:
    :class:`~softgrad.structure.Diagonal` with sigmoid(z).

    *Source*: Dugas et al. 2001, 'Incorporating second-order functional knowledge'.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.softplus(np.array([-100.0, 0.0, 100.0]))
    array([3.72007598e-44, 6.93147181e-01, 1.00000000e+02])
    """
    return Node(SOFTPLUS, {"x": logits(x, **premap)})
