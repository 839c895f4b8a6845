"""Binary cross-entropy of logits."""

from typing import Any, Unpack

from softgrad._array import Array, dtype_name, full_view, is_array, namespace
from softgrad.declare import Convention, Domain, Law, Leaf, Member, Node, Numerics, State
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.family._arguments import check_fits, coefficients
from softgrad.family._fused import fused_binary_cross_entropy
from softgrad.family._logistic import cost, halves
from softgrad.family._reduction import MIX, check_reduction, reduced
from softgrad.family._rows import INF, LN2, NAN
from softgrad.family._targets import unit_interval
from softgrad.family.premaps import ARRAYS, INPUTS, Premap, mask
from softgrad.family.premaps import logits as premapped
from softgrad.function import declare
from softgrad.structure import Diagonal

__all__ = ["BERNOULLI", "binary_cross_entropy"]


def _solve(s: State) -> tuple[Array, ...]:
    up, down, log = halves(s.x)
    cost_if_0, cost_if_1 = cost(s.x, log), cost(-s.x, log)
    y, other = s.pos_weight * s.y, 1 - s.y
    loss = _charge(y, cost_if_1) + _charge(other, cost_if_0)
    # v cost_if_1 - cost_if_0, which cancels near 0
    odds = _charge(s.pos_weight - 1, cost_if_1) - s.x
    return loss, other * up - y * down, odds, up, down


def _charge(y: Array, cost: Array) -> Array:
    # 0·∞ is 0: an impossible outcome that is not asked for costs nothing
    return y * namespace(y).where(y == 0, 0 * y, cost)


def _define(mp: Any, x: Any, y: Any, pos_weight: Any) -> Any:
    return pos_weight * y * mp.log(1 + mp.exp(-x)) + (1 - y) * mp.log(1 + mp.exp(x))


BERNOULLI = Member(
    name="bernoulli",
    title="each entry's cost",
    inputs=("x", "y"),
    arrays=("pos_weight",),
    fields=("loss", "slope", "odds", "up", "down"),
    solve=_solve,
    jacobian=lambda s: {"x": Diagonal(s.slope), "y": Diagonal(s.odds)},
    sensitivity=lambda s: {
        "slope": {
            "x": Diagonal((1 - s.y + s.pos_weight * s.y) * s.up * s.down),
            "y": Diagonal(-(s.up + s.pos_weight * s.down)),
        },
        "odds": {"x": Diagonal(-(s.up + s.pos_weight * s.down))},
        "up": {"x": Diagonal(s.up * s.down)},
        "down": {"x": Diagonal(-s.up * s.down)},
    },
    definition=_define,
    along_axis=False,
)

CONVENTIONS = (
    Convention(
        "a masked entry",
        {"logits": [0.0, NAN], "target": [1.0, 1.0], "where": [True, False]},
        LN2,
        "It costs nothing and does not count in the mean.",
    ),
    Convention(
        "all entries masked",
        {"logits": [0.0], "target": [1.0], "where": [False]},
        NAN,
        "The mean of nothing; the gradient is 0.",
    ),
    Convention(
        "an impossible outcome not asked for",
        {"logits": [INF], "target": [1.0]},
        0.0,
        "0·∞ is 0 here: certainty that is right costs nothing. torch gives NaN.",
    ),
    Convention(
        "targets outside [0, 1]",
        {"logits": [0.0], "target": [2.0]},
        LN2,
        "The formula is linear in the target and is used as it stands, as in torch.",
    ),
)

REFLECTS = Law(
    "L(−z, 1) = L(z, 0)",
    lambda f, x, c: (f(-x, namespace(x).ones_like(x)), f(x, namespace(x).zeros_like(x))),
)


@declare(
    options=premapped,
    wrt=("logits", "target", *INPUTS),
    arrays=("weight", "pos_weight", *ARRAYS),
    domain=Domain("floating logits of any shape; floating targets of the same shape", CONVENTIONS),
    laws=(REFLECTS,),
    numerics=Numerics(value=8, derivative=32),
    references=("PyTorch documentation, torch.nn.BCEWithLogitsLoss",),
    fused=fused_binary_cross_entropy,
)
def binary_cross_entropy(
    logits: Array,
    target: Array,
    *,
    weight: Array | None = None,
    pos_weight: Array | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    **premap: Unpack[Premap],
) -> Array:
    """Binary cross-entropy: the negative log-probability that the sigmoid gives to the target.

    Per entry L = w (v y log(1 + e^−z) + (1 − y) log(1 + e^z)), with z the logits after bias,
    softcap and temperature, v = ``pos_weight``, and y the target smoothed to (1 − ε) y + ε/2.

    Parameters
    ----------
    logits
        Log-odds.
    target
        Probabilities of the outcome 1, floating, in the shape of ``logits``.
    weight
        A non-negative weight w for each entry; broadcasts to ``logits``.
    pos_weight
        The non-negative weight v of the outcome 1; broadcasts to ``logits``.
    label_smoothing
        ε: how much of the target is moved to one half.
    reduction
        ``"mean"`` over the entries, ``"sum"`` or ``"none"``.
    temperature, softcap, bias, where
        Applied to the logits first, as in :func:`softmax`, except that ``where`` leaves entries
        out of the loss and of the mean.

    Returns
    -------
    Array
        The loss in the dtype of ``logits``: 0-d, or as ``logits`` for ``reduction="none"``.

    Raises
    ------
    ArgumentTypeError
        ``logits`` or ``target`` not floating.
    ArgumentError
        ``target`` of another shape; a negative weight; a number outside its range; an unknown
        reduction; an argument that does not broadcast to ``logits``.

    Notes
    -----
    *Shapes*: any, 0-d included. *Domain*: certainty that is right costs 0, that is wrong ∞.

    *Numerics*: each entry within 8 ulp; no probability is clamped.

    *Derivative*: :class:`~softgrad.structure.Diagonal`: w ((1 − y) σ(z) − v y σ(−z)) for the
    logits, w (v log(1 + e^−z) − log(1 + e^z)) for the target.

    *Source*: PyTorch's BCEWithLogitsLoss for the options; smoothing as in Keras.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.binary_cross_entropy(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    array(0.4100376)
    """
    x = logits.array
    xp = namespace(x)
    if not isinstance(target, Leaf):
        kind = dtype_name(target) if is_array(target) else type(target).__name__
        raise ArgumentTypeError(f"target must be a floating array of probabilities; got {kind}")
    if tuple(target.array.shape) != tuple(x.shape):
        expected, got = tuple(x.shape), tuple(target.array.shape)
        raise ArgumentError(f"target must have the shape of logits, {expected}; got {got}")
    z = premapped(logits, 0.0, **premap)
    smoothing = unit_interval("label_smoothing", label_smoothing)
    y: Node | Leaf = target
    if smoothing:
        gain = full_view(1 - smoothing, x)
        arrays = {"gain": gain, "offset": full_view(smoothing / 2, x), "slope": gain}
        y = Node(MIX, {"y": target}, arrays=arrays)
    where = mask(premap.get("where"), logits)
    share = _weights("weight", weight, logits)
    active = full_view(1.0, x)
    if where is not None:
        active = xp.astype(where, x.dtype)
        share = share * active
    odds = {"pos_weight": _weights("pos_weight", pos_weight, logits)}
    rows = Node(BERNOULLI, {"x": z, "y": y}, arrays=odds)
    return reduced(check_reduction(reduction), rows, share, xp.sum(active, dtype=x.dtype))


def _weights(name: str, value: Array | None, logits: Leaf) -> Array:
    x = logits.array
    value = coefficients(name, 1.0 if value is None else value, x)
    check_fits(name, value, logits)
    return namespace(x).broadcast_to(value, x.shape)
