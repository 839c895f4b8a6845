"""The names of the bugs: what each means, the right formula and the fix."""

from dataclasses import dataclass

__all__ = ["BUGS", "FAMILIES", "Bug"]


@dataclass(frozen=True)
class Bug:
    """A kind of wrong derivative.

    Parameters
    ----------
    name
        The identifier used in reports.
    family
        The group of related bugs.
    meaning
        What is wrong, in one line.
    formula
        What is right.
    fix
        What to change.
    """

    name: str
    family: str
    meaning: str
    formula: str
    fix: str


_VJP = "dx = Jᵀ g: dx_j = Σ_i g_i ∂y_i/∂x_j."
_SOFTMAX = "For softmax, dx = p∘(g − ⟨g,p⟩) along the axis."

_TABLE = {
    "upstream": {
        "ignores_upstream": (
            "the upstream gradient is not used (or only as if it were 1)",
            _VJP,
            "multiply by the upstream gradient g.",
        ),
        "upstream_collapsed": (
            "a per-element upstream gradient is reduced to one number or row before use",
            _VJP,
            "use each element of g with its own output; do not take g[0], its sum or its mean.",
        ),
        "assumes_upstream": (
            "right only for the upstream gradient of one particular following loss",
            _VJP + " It is linear in g: g = 0 gives 0.",
            "contract the Jacobian with whatever g arrives; fold no loss into the layer.",
        ),
    },
    "jacobian": {
        "diagonal_only": (
            "keeps only the Jacobian's diagonal",
            _VJP + " " + _SOFTMAX,
            "add the off-diagonal part: every output depends on every input of its row.",
        ),
        "jacobian_summed": (
            "sums rows or columns of the Jacobian instead of contracting it with the upstream",
            _VJP,
            "contract with g; never sum the Jacobian (softmax's rows and columns sum to 0).",
        ),
        "identity_jacobian": (
            "passes the upstream through unchanged",
            _VJP + " " + _SOFTMAX,
            "multiply by the function's own Jacobian.",
        ),
        "transposed": (
            "uses J (or an operand) where its transpose is needed",
            _VJP,
            "contract g with the outputs' index, not the inputs'; check each matmul's transpose.",
        ),
        "wrong_axis": (
            "reduces or normalises along the wrong axis",
            "the reduction in the derivative runs along the axis of the forward pass.",
            "use the forward pass's axis in the backward pass's sums.",
        ),
        "batch_mixed": (
            "the reduction also runs over the batch: samples leak into each other",
            "the reduction runs along the axis of the forward pass only.",
            "give the sum an axis, with keepdims.",
        ),
        "accidental_broadcast": (
            "dropped keepdims or a bare squeeze: a reduced array broadcasts along the wrong axis",
            "a reduced array keeps its axis with size 1 before it meets the full array.",
            "keep the reduced dimension (keepdims=True), name the axis in squeeze.",
        ),
    },
    "formula": {
        "wrong_sign": (
            "the sign is flipped",
            "the derivative is the negative of what is returned.",
            "change the sign; cross-entropy's gradient is p − y, not y − p.",
        ),
        "wrong_constant": (
            "off by a constant factor (scale, temperature, 1/2, log base)",
            "the derivative of f(c·x) is c·f′(c·x).",
            "multiply by the missing constant, or drop the extra one.",
        ),
        "wrong_normalizer": (
            "divided by the wrong count, or not at all (1/N, valid count, sum of weights)",
            "divide by exactly what the loss divides by.",
            "use the forward pass's own denominator.",
        ),
        "missing_chain_factor": (
            "a multiplicative factor of the chain rule that varies with the input is missing",
            "d f(h(x)) = f′(h(x))·h′(x).",
            "multiply by the derivative of the inner function.",
        ),
        "missing_term": (
            "an additive term of the derivative is missing (or one too many is there)",
            "by the product and sum rules every path from input to output adds a term.",
            "add the contribution of the path that was left out.",
        ),
        "wrong_variable": (
            "right shape of formula, wrong quantity in it (x for y, p for log p, 1 − p for p)",
            _VJP,
            "check which quantity stands in each place of the formula.",
        ),
        "wrong_stage": (
            "derivative taken with respect to a different intermediate (logits or probabilities)",
            "the gradient is with respect to the argument the function is given.",
            "apply the missing inner derivative, or drop the one applied twice.",
        ),
        "approximation": (
            "the derivative of another function close to this one, or with another constant in it",
            "the derivative is that of the function which the forward pass computes.",
            "use the forward pass's own formula and constants; look for the tanh form of GELU.",
        ),
        "assumes_normalized_target": (
            "p − y where p·Σy − y is needed",
            "d/dx of −Σ y log softmax(x) is p·Σy − y.",
            "multiply p by the sum of the targets.",
        ),
    },
    "parameter": {
        "param_ignored": (
            "the backward pass ignores a parameter that the forward pass uses",
            "differentiate the forward pass as it is run, with all its parameters.",
            "use the parameter in the backward pass too.",
        ),
        "param_misapplied": (
            "the backward pass uses a parameter wrongly",
            "differentiate the forward pass as it is run, with all its parameters.",
            "apply the parameter in the backward pass where the forward pass applies it.",
        ),
    },
    "numerics": {
        "overflow_nan": (
            "nan or inf at large magnitudes",
            "the true derivative is finite there.",
            "subtract the maximum before exp; work with log-probabilities.",
        ),
        "masked_nan": (
            "nan from −inf, 0·inf or an untaken where-branch",
            "the true derivative is finite there; masked entries have derivative 0.",
            "replace the argument inside the untaken branch as well (the double where).",
        ),
        "cancellation_to_zero": (
            "rounds to zero where the true derivative is representable",
            "the true derivative is not 0 there.",
            "use a form without cancellation: σ(x)·σ(−x) instead of s·(1 − s).",
        ),
        "low_precision": (
            "accumulates or saves in too few bits",
            "the derivative computed in higher precision differs.",
            "accumulate in float32 or wider and round once at the end.",
        ),
        "kink_or_tie": (
            "wrong exactly at a tie or branch point of a smooth function",
            "the function is differentiable there and has one derivative.",
            "use a formula without branches, or give the tie its own right value.",
        ),
    },
    "memory": {
        "ignores_strides": (
            "reads a non-contiguous array as if it were contiguous",
            "the derivative does not depend on the memory layout of its arguments.",
            "make the array contiguous first, or honour its strides.",
        ),
        "partial_block": (
            "the last partial tile (or padded lanes) is handled wrongly",
            _VJP,
            "mask or loop over the last, incomplete block.",
        ),
        "index_wrap": (
            "integer overflow or a negative index addresses the wrong place",
            _VJP,
            "compute offsets in 64 bits.",
        ),
        "scatter_overwrite": (
            "contributions to one place overwrite instead of adding up",
            "an entry read several times receives the sum of its uses' gradients.",
            "accumulate: np.add.at, index_add_, .at[].add.",
        ),
        "sparse_error": (
            "a few coordinates are slightly off, no structure",
            _VJP,
            "look at the entries listed.",
        ),
    },
    "contract": {
        "mutates_argument": (
            "writes into an input, the upstream gradient or a saved array",
            "a derivative returns new arrays.",
            "copy before writing in place.",
        ),
        "stale_state": (
            "the result depends on an earlier call",
            "the gradient belongs to its own forward call.",
            "clear workspaces and keep saved arrays per call.",
        ),
        "nondeterministic": (
            "the result changes from run to run by more than rounding",
            "the same inputs give the same gradient.",
            "look for a race, uninitialised memory or fresh random numbers.",
        ),
        "wrong_shape": (
            "the gradient's shape differs from the input's",
            "the gradient has the shape of the input.",
            "reshape, or sum over the axes that were added.",
        ),
        "wrong_dtype": (
            "the gradient's dtype differs from the input's (integer truncation included)",
            "the gradient has the dtype of the input.",
            "allocate the gradient like the floating input.",
        ),
        "dropped_grad": (
            "None or zeros for an input that has a gradient",
            _VJP,
            "return this input's gradient; look for detach, stop_gradient or a missing return.",
        ),
        "broadcast_not_reduced": (
            "the gradient of a broadcast operand is not summed over the broadcast axes",
            "a value used at several places receives the sum of their gradients.",
            "sum the gradient over the broadcast axes.",
        ),
    },
    "order": {
        "second_derivative_lost": (
            "first derivative right, second derivative silently zero or incomplete",
            "the backward pass is itself a function of the inputs and is differentiated in turn.",
            "save inputs and outputs only and recompute, or mark the function once differentiable.",
        ),
        "forward_mode_wrong": (
            "reverse mode right, forward mode (jvp) wrong",
            "dy = J t, with the same J.",
            "derive both modes from one formula.",
        ),
    },
}

BUGS: dict[str, Bug] = {
    name: Bug(name, family, *texts)
    for family, bugs in _TABLE.items()
    for name, texts in bugs.items()
}
FAMILIES: tuple[str, ...] = tuple(_TABLE)
