"""sigmoid."""

from typing import Unpack

from softgrad._array import Array, namespace
from softgrad.declare import Member, Node, State
from softgrad.family._logistic import REFLECTS, declare_elementwise, halves
from softgrad.family.premaps import Premap, logits
from softgrad.structure import Diagonal

__all__ = ["SIGMOID", "sigmoid"]


def _solve_sigmoid(s: State) -> tuple[Array, ...]:
    up, down, _ = halves(s.x)
    # tilt is 2y - 1, which cancels near 0
    tilt = namespace(s.x).tanh(s.x / 2)
    return _keep_nan(s.x, up), _keep_nan(s.x, up * down), tilt


def _keep_nan(x: Array, y: Array) -> Array:
    xp = namespace(x)
    return xp.where(xp.isnan(x), x, y)


SIGMOID = Member(
    name="sigmoid",
    inputs=("x",),
    fields=("y", "slope", "tilt"),
    solve=_solve_sigmoid,
    jacobian=lambda s: {"x": Diagonal(s.slope)},
    sensitivity=lambda s: {
        "slope": {"x": Diagonal(-s.slope * s.tilt)},
        "tilt": {"x": Diagonal(2 * s.slope)},
    },
    definition=lambda mp, x: 1 / (1 + mp.exp(-x)),
    along_axis=False,
)


@declare_elementwise(at_minus=0.0, at_plus=1.0, masked=0.0, law=REFLECTS)
def sigmoid(x: Array, **premap: Unpack[Premap]) -> Array:
    """Logistic sigmoid: 1/(1 + exp(−z)), entry by entry.

    z is x after bias, softcap, temperature and mask. With two classes, softmax of (z, 0) is
    (sigmoid(z), sigmoid(−z)).

    Parameters
    ----------
    x
        Any array of floating dtype.
    temperature, softcap, bias, where
        Applied first, as in :func:`softmax`; a masked entry gives sigmoid(−∞) = 0.

    Returns
    -------
    Array
        Values in [0, 1] of the shape and dtype of ``x``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`softmax`, except that any shape is allowed.

    Notes
    -----
    *Shapes*: as ``x``. *Domain*: ±∞ give the limits 0 and 1; NaN stays.

    *Numerics*: within 4 ulp everywhere; sigmoid(x)·sigmoid(−x) is never formed as s − s².

    *Derivative*: :class:`~softgrad.structure.Diagonal` with s(1 − s).

    *Source*: the logistic function, Verhulst 1845.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.sigmoid(np.array([-1.0, 0.0, 1.0]))
    array([0.26894142, 0.5       , 0.73105858])
    """
    return Node(SIGMOID, {"x": logits(x, **premap)})
