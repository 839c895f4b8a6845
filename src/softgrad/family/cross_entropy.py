"""Cross-entropy of logits with class indices or probabilities, every option with every other."""

from typing import Unpack

from softgrad._array import Array, full_view, namespace
from softgrad.axis import Axis
from softgrad.declare import Convention, Domain, Law, Node, Numerics
from softgrad.errors import ArgumentError
from softgrad.family._arguments import nonnegative
from softgrad.family._fused import fused_cross_entropy
from softgrad.family._reduction import PAIR, SQUARE, check_reduction, reduced
from softgrad.family._rows import INF, LN2, NAN
from softgrad.family._targets import class_weights, targets, unit_interval
from softgrad.family.log_softmax import LOG_SOFTMAX
from softgrad.family.logsumexp import LOGSUMEXP
from softgrad.family.premaps import ARRAYS, FILL, INPUTS, Premap, mask
from softgrad.family.premaps import logits as premapped
from softgrad.function import declare

__all__ = ["cross_entropy"]

ZERO = [[0.0, 0.0]]

CONVENTIONS = (
    Convention(
        "a fully masked row",
        {"logits": ZERO, "target": [0], "where": [[False, False]]},
        0.0,
        "There is no class to be wrong about; the row still counts in a mean.",
    ),
    Convention(
        "a row of -inf",
        {"logits": [[-INF, -INF]], "target": [0]},
        0.0,
        "As a fully masked row. torch gives NaN.",
    ),
    Convention(
        "an impossible target",
        {"logits": [[0.0, -INF]], "target": [1]},
        INF,
        "The loss is the limit, as in torch; the gradient flows to the possible classes only.",
    ),
    Convention(
        "all rows ignored, sum",
        {"logits": ZERO, "target": [-100], "reduction": "sum"},
        0.0,
        "An empty sum.",
    ),
    Convention(
        "all rows ignored, mean",
        {"logits": ZERO, "target": [-100]},
        NAN,
        "The mean of nothing, as in torch; the gradient is 0.",
    ),
    Convention(
        "targets that do not sum to 1",
        {"logits": ZERO, "target": [[2.0, 1.0]]},
        3 * LN2,
        "Each class costs its own weight: the gradient is p Σy − y.",
    ),
    Convention(
        "smoothing over masked classes",
        {
            "logits": [[0.0, 0.0, 9.0]],
            "target": [0],
            "label_smoothing": 0.5,
            "where": [[True, True, False]],
        },
        LN2,
        "ε is spread over the classes that exist; over all of them the loss would be infinite.",
    ),
    Convention(
        "a class index out of range",
        {"logits": ZERO, "target": [2]},
        ArgumentError,
        "Where it cannot be read (traced by JAX, on an accelerator) its row is NaN instead.",
    ),
    Convention(
        "an empty axis", {"logits": [[]], "target": [0]}, ArgumentError, "There is no class."
    ),
)

SHIFT_FREE = Law(
    "L(z + c, y) = L(z, y)",
    lambda f, x, c: (f(x + c, _first(x)), f(x, _first(x))),
)


def _first(x: Array) -> Array:
    return namespace(x).zeros(x.shape[0], dtype=namespace(x).int32)


@declare(
    options=premapped,
    wrt=("logits", "target", *INPUTS),
    arrays=("weight", *ARRAYS),
    domain=Domain("floating logits with at least one class; indices or probabilities", CONVENTIONS),
    laws=(SHIFT_FREE,),
    numerics=Numerics(value=8, derivative=32),
    references=("PyTorch documentation, torch.nn.CrossEntropyLoss",),
    fused=fused_cross_entropy,
)
def cross_entropy(
    logits: Array,
    target: Array,
    *,
    axis: int = -1,
    weight: Array | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = -100,
    z_loss: float = 0.0,
    reduction: str = "mean",
    **premap: Unpack[Premap],
) -> Array:
    """Cross-entropy: the negative log-probability that softmax gives to the target.

    Per row L = −Σ_j q_j log p_j + z_loss · (log Σ_j exp z_j)², with p = softmax(z), z the logits
    after bias, softcap, temperature and mask, and q_j = w_j ((1 − ε) y_j + ε/K).

    Parameters
    ----------
    logits
        Unnormalised log-probabilities; the classes lie along ``axis``.
    target
        Class indices (integers; the shape of ``logits`` without ``axis``) or probabilities
        (floating; the shape of ``logits``), which need not sum to 1.
    axis
        The axis of the classes.
    weight
        One non-negative weight w per class.
    label_smoothing
        ε: how much of the target is spread evenly over the K classes.
    ignore_index
        A class index that marks rows to leave out; no effect on probabilities. None: no such.
    z_loss
        Coefficient of the squared logsumexp of each row that is not ignored; not weighted.
    reduction
        ``"mean"``: the sum divided by the weights of the targets of the rows that are not ignored,
        or by the number of rows where targets are probabilities; ``"sum"``; ``"none"``: per row.
    temperature, softcap, bias, where
        Applied to the logits first, as in :func:`softmax`; ``where`` removes classes.

    Returns
    -------
    Array
        The loss in the dtype of ``logits``: 0-d, or one per row for ``reduction="none"``.

    Raises
    ------
    ArgumentTypeError
        ``logits`` not floating; ``target`` neither integer nor floating.
    ArgumentError
        ``target`` of another shape or an index out of range; ``weight`` negative or not one per
        class; a number outside its range; an unknown reduction; and as :func:`softmax`.

    Notes
    -----
    *Shapes*: logits (…, K, …), target (…) or (…, K, …).

    *Domain*: a fully masked row costs 0 with derivative 0. A mean over no rows is NaN, as in torch.
    Options mean what they mean in torch where torch has them.

    *Numerics*: the loss of each row within 8 ulp of Σ q |log p|, independent of a common offset of
    the logits; of a confident row too, where 1 − p is taken from the sum of the others.

    *Derivative*: p Σq − q for the logits, −log p for the targets; the Hessian in the logits is
    Σq (diag(p) − ppᵀ). All from ``Functional`` after ``Centering``.

    *Source*: PyTorch's CrossEntropyLoss for the options; z-loss after Chowdhery et al. 2022 (PaLM).

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.cross_entropy(np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0, 1]))
    array(0.4100376)
    """
    along = Axis.of(logits.array, axis, name="logits")
    z = premapped(logits, **premap)
    weight = class_weights(weight, logits, along)
    asked = targets(
        target,
        logits,
        along,
        weight=weight,
        smoothing=unit_interval("label_smoothing", label_smoothing),
        ignore_index=ignore_index,
        where=mask(premap.get("where"), logits),
    )
    if asked.counts is not None:
        z = Node(FILL, {"x": z}, arrays={"where": asked.counts}, constants={"value": 0.0})
    log_p = Node(LOG_SOFTMAX, {"x": z}, along, constants={"empty": 0.0})
    rows = Node(PAIR, {"y": log_p, "q": asked.weights}, along)
    penalty = nonnegative("z_loss", z_loss)
    extra = extra_share = None
    if penalty:
        extra = Node(SQUARE, {"x": Node(LOGSUMEXP, {"x": z}, along)})
        extra_share = penalty * asked.active
    share = full_view(-1.0, asked.active)
    return reduced(check_reduction(reduction), rows, share, asked.count, extra, extra_share)
