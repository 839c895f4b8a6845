"""softmax, log_softmax and logsumexp."""

from typing import Any, Unpack

from softgrad._array import Array, namespace
from softgrad.axis import Axis
from softgrad.declare import Convention, Domain, Member, Node, Numerics, State
from softgrad.declare.laws import PERMUTES, SHIFT_ADDS, SHIFT_FREE, SUMS_TO_ONE
from softgrad.errors import ArgumentError
from softgrad.family._stable import shift
from softgrad.family.premaps import ARRAYS, INPUTS, Premap, logits
from softgrad.function import declare
from softgrad.structure import Centering, Functional, WeightedCentering

__all__ = ["LOGSUMEXP", "LOG_SOFTMAX", "SOFTMAX", "log_softmax", "logsumexp", "softmax"]

INF, NAN = float("inf"), float("nan")

GAPS = "Bridle 1990, 'Probabilistic interpretation of feedforward classification network outputs'"
BLANCHARD = "Blanchard, Higham, Higham 2021, 'Accurately computing the log-sum-exp and softmax'"

IGNORED = "An entry of −∞ has probability 0 and takes no part; its gradient is exactly 0."
UNDEFINED = "The limit depends on how fast the entry grows; torch, SciPy and JAX give NaN as well."
SILENT = "Nothing is left to normalise: every entry is impossible, so every probability is 0 (a NaN, "
SILENT += "which torch and SciPy return, would poison the batch) and no derivative flows."
SPREADS = "A NaN reaches its own row and no other."


def _normalised(s: State) -> tuple[Any, Array]:
    xp = namespace(s.x)
    row = shift(s.x, s.axis)
    total = xp.where(row.others == -1, xp.ones_like(row.others), 1 + row.others)
    return row, row.exp / total


def _like(x: Array, y: Array) -> Array:
    return namespace(x).astype(y, x.dtype, copy=False)


def _define_softmax(mp: Any, x: list) -> list:
    weights = [mp.exp(v) for v in x]
    total = mp.fsum(weights)
    return [w / total if total else mp.mpf(0) for w in weights]


SOFTMAX = Member(
    name="softmax",
    inputs=("x",),
    fields=("p",),
    solve=lambda s: (_like(s.x, _normalised(s)[1]),),
    jacobian=lambda s: {"x": WeightedCentering(s.p, s.axis)},
    definition=_define_softmax,
)


def _solve_log_softmax(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    row, p = _normalised(s)
    empty = row.others == -1
    log_total = xp.log1p(xp.where(empty, xp.zeros_like(row.others), row.others))
    y = (row.below - log_total) + row.rest
    return _like(s.x, xp.where(empty, xp.full_like(y, s.empty), y)), _like(s.x, p)


def _define_log_softmax(mp: Any, x: list, empty: float) -> list:
    total = mp.fsum(mp.exp(v) for v in x)
    return [v - mp.log(total) if total else mp.mpf(empty) for v in x]


LOG_SOFTMAX = Member(
    name="log_softmax",
    inputs=("x",),
    fields=("y", "p"),
    solve=_solve_log_softmax,
    jacobian=lambda s: {"x": Centering(s.p, s.x > -INF, s.axis)},
    sensitivity=lambda s: {"p": {"x": WeightedCentering(s.p, s.axis)}},
    definition=_define_log_softmax,
)


def _solve_logsumexp(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    row, p = _normalised(s)
    empty = row.others == -1
    y = row.top + xp.log1p(xp.where(empty, xp.zeros_like(row.others), row.others))
    y = s.axis.drop(xp.where(empty, xp.full_like(y, -INF), y))
    return _like(s.x, y), _like(s.x, p)


LOGSUMEXP = Member(
    name="logsumexp",
    inputs=("x",),
    fields=("y", "p"),
    solve=_solve_logsumexp,
    jacobian=lambda s: {"x": Functional(s.p, s.axis)},
    sensitivity=lambda s: {"p": {"x": WeightedCentering(s.p, s.axis)}},
    definition=lambda mp, x: mp.log(mp.fsum(mp.exp(v) for v in x)),
)


def _conventions(
    partial: Any, empty: Any, tied: Any, undefined: Any, nan: Any
) -> tuple[Convention, ...]:
    given = [[0.0, -INF, 0.0], [0.0, 0.0, 0.0]]
    return (
        Convention("an entry of -inf", {"x": given}, partial, IGNORED),
        Convention("a row of -inf", {"x": [-INF, -INF]}, empty, SILENT),
        Convention("a fully masked row", {"x": [1.0, 2.0], "where": [False, False]}, empty, SILENT),
        Convention("ties", {"x": [5.0, 5.0]}, tied, "Equal logits share equally; smooth there."),
        Convention("an entry of +inf", {"x": [INF, 0.0]}, undefined, UNDEFINED, finite=False),
        Convention("a NaN", {"x": [[NAN, 0.0], [0.0, 0.0]]}, nan, SPREADS, finite=False),
        Convention("an empty axis", {"x": [[], []]}, ArgumentError, "There is nothing to normalise."),
    )


LN2, LN3 = 0.6931471805599453, 1.0986122886681098


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain(
        "logits of any floating dtype with at least one entry along the axis",
        _conventions(
            partial=[[0.5, 0.0, 0.5], [1 / 3, 1 / 3, 1 / 3]],
            empty=[0.0, 0.0],
            tied=[0.5, 0.5],
            undefined=[NAN, NAN],
            nan=[[NAN, NAN], [0.5, 0.5]],
        ),
    ),
    laws=(SHIFT_FREE, SUMS_TO_ONE, PERMUTES),
    numerics=Numerics(value=4, derivative=16),
    references=(GAPS, BLANCHARD),
)
def softmax(x: Array, axis: int = -1, **premap: Unpack[Premap]) -> Array:
    """Softmax: the exponentials along an axis, divided by their sum.

    p_i = exp(z_i) / Σ_j exp(z_j), where z is x after bias, softcap, temperature and mask.

    Parameters
    ----------
    x
        Logits.
    axis
        The axis along which probabilities sum to 1.
    temperature, softcap, bias, where
        Applied to the logits first: z = c·tanh((x + bias)/c)/temperature, and −∞ where ``where``
        is False.

    Returns
    -------
    Array
        Probabilities of the shape and dtype of ``x``.

    Raises
    ------
    ArgumentTypeError
        ``x`` is not floating; ``where`` is not boolean.
    ArgumentError
        No such axis, or no entries along it; temperature or softcap not positive; an argument does
        not broadcast to ``x``.

    Notes
    -----
    *Shapes*: as ``x``; ``bias``, ``temperature`` and ``where`` broadcast to it.

    *Domain*: −∞ has probability 0. A row with no finite logit is 0 throughout, and so is every
    derivative of it. +∞ or NaN makes its own row NaN.

    *Numerics*: each entry within 4 ulp (float32 and float64, rows up to 131,072 entries, logits to
    ±1e4). float16 and bfloat16 are computed in float32 and rounded once.

    *Derivative*: :class:`~softgrad.structure.WeightedCentering` with s = p: both the VJP and the
    JVP are p∘(g − ⟨p,g⟩), O(n). Written out, ∂p_i/∂z_i = p_i(1 − p_i) and ∂p_i/∂z_j = −p_i p_j.

    *Source*: Bridle 1990; accuracy after Blanchard, Higham and Higham 2021.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.softmax(np.array([1.0, 2.0, 3.0]))
    array([0.09003057, 0.24472847, 0.66524096])
    """
    return Node(SOFTMAX, {"x": logits(x, **premap)}, Axis.of(x.array, axis))


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain(
        "logits of any floating dtype with at least one entry along the axis",
        _conventions(
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


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain(
        "logits of any floating dtype with at least one entry along the axis",
        _conventions(
            partial=[LN2, LN3], empty=-INF, tied=5 + LN2, undefined=NAN, nan=[NAN, LN2]
        ),
    ),
    laws=(SHIFT_ADDS,),
    numerics=Numerics(value=4, derivative=16, shifted=True),
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
