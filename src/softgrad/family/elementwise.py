"""sigmoid, log_sigmoid and softplus."""

from typing import Any, Unpack

from softgrad._array import Array, namespace
from softgrad.declare import Convention, Domain, Law, Member, Node, Numerics, State
from softgrad.family.premaps import ARRAYS, INPUTS, Premap, logits
from softgrad.function import declare
from softgrad.structure import Diagonal

__all__ = ["LOG_SIGMOID", "SIGMOID", "SOFTPLUS", "halves", "log_sigmoid", "sigmoid", "softplus"]

INF, NAN = float("inf"), float("nan")
LN2 = 0.6931471805599453


def halves(x: Array) -> tuple[Array, Array, Array]:
    """Return sigmoid(x), sigmoid(−x) and log(1 + e^−|x|), none of which cancels or overflows."""
    xp = namespace(x)
    decay = xp.exp(-xp.abs(x))
    large, small = 1 / (1 + decay), decay / (1 + decay)
    up = x >= 0
    return xp.where(up, large, small), xp.where(up, small, large), xp.log1p(decay)


def _solve_sigmoid(s: State) -> tuple[Array, ...]:
    up, down, _ = halves(s.x)
    return _keep_nan(s.x, up), _keep_nan(s.x, up * down)


def _keep_nan(x: Array, y: Array) -> Array:
    xp = namespace(x)
    return xp.where(xp.isnan(x), x, y)


SIGMOID = Member(
    name="sigmoid",
    inputs=("x",),
    fields=("y", "slope"),
    solve=_solve_sigmoid,
    jacobian=lambda s: {"x": Diagonal(s.slope)},
    sensitivity=lambda s: {"slope": {"x": Diagonal(s.slope * (1 - 2 * s.y))}},
    definition=lambda mp, x: 1 / (1 + mp.exp(-x)),
    along_axis=False,
)


def _solve_log_sigmoid(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    up, down, log = halves(s.x)
    return xp.where(s.x < 0, s.x, xp.zeros_like(s.x)) - log, down, up


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


def _solve_softplus(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    up, down, log = halves(s.x)
    return xp.where(s.x > 0, s.x, xp.zeros_like(s.x)) + log, up, down


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

REFLECTS = Law("f(x) + f(−x) = 1", lambda f, x, c: (f(x) + f(-x), namespace(x).ones_like(x)))
FALLS = Law("f(−x) = f(x) − x", lambda f, x, c: (f(-x), f(x) - x))


def _domain(at_minus: float, at_plus: float, masked: float) -> Domain:
    gone = "A masked entry counts as a logit of −∞; its derivative is 0."
    limit = "The limit; the derivative there is the limit's."
    nan = "A NaN stays where it is."
    finite = abs(at_minus) < INF
    conventions = (
        Convention("-inf", {"x": [-INF]}, [at_minus], limit),
        Convention("+inf", {"x": [INF]}, [at_plus], limit),
        Convention("masked", {"x": [1.0, NAN], "where": [False, False]}, [masked, masked], gone),
        Convention("a NaN", {"x": [NAN]}, [NAN], nan, finite=False),
        Convention("0-d", {"x": 0.0}, 0.5 if at_plus == 1 else (LN2 if finite else -LN2), limit),
        Convention("an empty array", {"x": []}, [], "There is nothing to compute."),
    )
    return Domain("any array of floating dtype, 0-d and empty ones included", conventions)


def _declare(domain: Domain, law: Law) -> Any:
    return declare(
        options=logits,
        wrt=("x", *INPUTS),
        arrays=ARRAYS,
        domain=domain,
        laws=(law,),
        numerics=Numerics(value=4, derivative=16),
    )


@_declare(_domain(0.0, 1.0, 0.0), REFLECTS)
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


@_declare(_domain(-INF, 0.0, -INF), FALLS)
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


@_declare(_domain(0.0, INF, 0.0), FALLS)
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
