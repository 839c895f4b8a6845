"""Wrong derivatives in NumPy, at least one for each name the checker can give."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from check.right import (
    attention,
    attention_back,
    cross_entropy,
    gather_back,
    layer_norm,
    layer_norm_back,
    log_softmax,
    logsumexp,
    onehot,
    softmax,
    softmax_back,
)

RNG = np.random.default_rng(42)
X = RNG.normal(size=(4, 6))
SQUARE = RNG.normal(size=(5, 5))
T = np.array([0, 3, 1, 5])
Q, K, V = (RNG.normal(size=s) for s in ((2, 3, 4), (2, 3, 4), (2, 3, 5)))


@dataclass(frozen=True)
class Wrong:
    """A function, a wrong backward pass, inputs, the bug, and other names that fit as well."""

    bug: str
    forward: Callable
    backward: Callable
    inputs: dict[str, Any]
    also: tuple[str, ...] = ()
    wrong: dict[str, Any] = field(default_factory=dict)


def mean_back(g, x, t):
    return g * (softmax(x) - onehot(t, x.shape[1], float))


def scaled(x, scale):
    return softmax(x * scale)


def smoothed(x, t, eps):
    lp = log_softmax(x)
    return (-(1 - eps) * lp[np.arange(len(t)), t] - eps * lp.mean(-1)).sum()


def wrong_dropped(g, x, w):
    return {"x": g * w, "w": np.zeros_like(w)}


def masked(x, keep):
    z = np.where(keep, x, -1e9)
    return softmax(z) * keep


def integers(g, x):
    return (g * 2 * x).astype(int)


def last_lost(g, y, x):
    d = softmax_back(g, y)
    d[:, 4:] = 0
    return d


def overwritten(g, x, i):
    d = np.zeros_like(x)
    d[i] += g
    return d


def one_off(g, y, x):
    d = softmax_back(g, y)
    d[2, 3] *= 1.01
    return d


def into_upstream(g, y, x):
    g -= (g * y).sum(-1, keepdims=True)
    g *= y
    return g


def into_output(g, y, x):
    y *= g - (g * y).sum(-1, keepdims=True)
    return y


def into_input(g, y, x):
    x[:] = softmax_back(g, y)
    return x


WORKSPACE = np.zeros_like(X)


def accumulating(g, y, x):
    if WORKSPACE.shape == x.shape:
        WORKSPACE[...] += softmax_back(g, y)
        return WORKSPACE.copy()
    return softmax_back(g, y)


COUNT = [0]


def flickering(g, y, x):
    COUNT[0] += 1
    d = softmax_back(g, y)
    return d * (1.5 if COUNT[0] % 3 == 0 or COUNT[0] % 7 == 0 else 1)


def unshifted(g, x):
    e = np.exp(x)
    p = e / e.sum(-1, keepdims=True)
    return softmax_back(g, p)


def ratio_nan(g, y, x):
    e = np.exp(y)
    return g - e * (e * g / e).sum(-1, keepdims=True)


def logsumexp_masked(x, keep):
    z = np.where(keep, x, -np.inf)
    y = np.log(np.exp(z).sum(-1))
    return np.where(np.isfinite(y), y, 0.0)


def logsumexp_masked_back(g, x, keep):
    z = np.where(keep, x, -np.inf)
    y = np.log(np.exp(z).sum(-1, keepdims=True))
    return g[:, None] * np.exp(z - y)


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


def gelu_by_tanh(g, x):
    c, cube = np.sqrt(2 / np.pi), 0.044715
    t = np.tanh(c * (x + cube * x**3))
    return g * 0.5 * (1 + t + x * (1 - t**2) * c * (1 + 3 * cube * x**2))


def low_precision(g, y, x):
    return softmax_back(g.astype(np.float32), y.astype(np.float32)).astype(x.dtype)


def at_zero(g, x):
    return g * (1 / (1 + np.exp(-x)) + np.where(x == 0, 0.5, 0))


def flat(g, y, x):
    n = x.shape[-1]
    raw = np.lib.stride_tricks.as_strided(y, (y.size,), (y.itemsize,)).reshape(-1, n)
    return softmax_back(g, raw.reshape(y.shape))


def like_input(x):
    out = np.empty_like(x)
    out[...] = softmax(x)
    return out


def attention_wrong(which):
    def back(g, q, k, v):
        dq, dk, dv = attention_back(g, q, k, v)
        p = softmax(q @ k.swapaxes(-1, -2) / 2)
        return {
            "unscaled": (dq, 2 * dk, dv),
            "transposed": (dq, dk, p @ g),
            "dropped": (dq, dk, np.zeros_like(v)),
        }[which]

    return back


def early(g, y, x):
    r = x / np.sqrt((x * x).sum(-1, keepdims=True))
    n = np.sqrt((x * x).sum(-1, keepdims=True))
    back = lambda h: (h - r * (r * h).sum(-1, keepdims=True)) / n  # noqa: E731
    return back(g[0] + g[1])


def both(x):
    return x, x / np.sqrt((x * x).sum(-1, keepdims=True))


def weighted(x, t, weight):
    return -(weight[t] * log_softmax(x)[np.arange(len(t)), t]).sum()


def wrapped(g, x):
    d = 2 * g * x
    d.reshape(-1)[2**16 :] = 0
    return d


ATTENTION = {"q": Q, "k": K, "v": V}
NORM = {"x": X, "w": 1 + 0.3 * RNG.normal(size=6), "b": RNG.normal(size=6)}
CE = {"x": X, "t": T}
WEIGHTS = {**CE, "weight": RNG.uniform(0.3, 3, 6)}
KEEP = np.array([[1, 1, 0, 1, 1, 1], [0] * 6, [1] * 6, [1, 0, 1, 0, 1, 1]], bool)
HUGE = X.astype(np.float32) + np.array([[0], [120], [0], [200]], np.float32)

WRONG = [
    Wrong("ignores_upstream", cross_entropy, lambda g, x, t: mean_back(1, x, t) / 4, CE),
    Wrong("ignores_upstream", softmax, lambda g, y, x: y * (1 - y), {"x": X}),
    Wrong("upstream_collapsed", logsumexp, lambda g, x: g[0] * softmax(x), {"x": X}),
    Wrong("upstream_collapsed", np.exp, lambda g, x: g.mean() * np.exp(x), {"x": X}),
    Wrong("assumes_upstream", log_softmax, lambda g, y, x: g + np.exp(y), {"x": X}),
    Wrong("diagonal_only", softmax, lambda g, y, x: g * y * (1 - y), {"x": X}),
    Wrong("diagonal_only", softmax, lambda g, y, x: g * y, {"x": X}),
    Wrong(
        "jacobian_summed",
        softmax,
        lambda g, y, x: g * (y - y * y.sum(-1, keepdims=True)),
        {"x": X},
        ("dropped_grad",),
    ),
    Wrong("jacobian_summed", log_softmax, lambda g, y, x: g * (1 - 6 * np.exp(y)), {"x": X}),
    Wrong("identity_jacobian", softmax, lambda g, x: g, {"x": X}),
    Wrong("identity_jacobian", np.tanh, lambda g, x: g, {"x": X}),
    Wrong(
        "transposed",
        log_softmax,
        lambda g, y, x: g - (np.exp(y) * g).sum(-1, keepdims=True),
        {"x": X},
    ),
    Wrong("transposed", attention, attention_wrong("transposed"), ATTENTION),
    Wrong("wrong_axis", softmax, lambda g, y, x: softmax_back(g, y, 0), {"x": X}),
    Wrong("batch_mixed", softmax, lambda g, y, x: y * (g - (g * y).sum()), {"x": X}),
    Wrong(
        "accidental_broadcast", softmax, lambda g, y, x: y * (g - (g * y).sum(-1)), {"x": SQUARE}
    ),
    Wrong("wrong_sign", softmax, lambda g, y, x: -softmax_back(g, y), {"x": X}),
    Wrong("wrong_constant", softmax, lambda g, y, x: 2 * softmax_back(g, y), {"x": X}),
    Wrong("wrong_constant", attention, attention_wrong("unscaled"), ATTENTION),
    Wrong("wrong_normalizer", cross_entropy, mean_back, CE),
    Wrong(
        "missing_chain_factor",
        softmax,
        lambda g, y, x: g - (g * y).sum(-1, keepdims=True),
        {"x": X},
    ),
    Wrong("missing_chain_factor", np.tanh, lambda g, y, x: g * (1 + y), {"x": X}),
    Wrong(
        "missing_term",
        logsumexp,
        lambda g, x: g[:, None] * (softmax(x) + (x == x.max(-1, keepdims=True))),
        {"x": X},
    ),
    Wrong(
        "wrong_variable",
        softmax,
        lambda g, y, x: g * y - x * (g * y).sum(-1, keepdims=True),
        {"x": X},
    ),
    Wrong("wrong_variable", np.tanh, lambda g, x: g * (1 - x * x), {"x": X}),
    Wrong("wrong_stage", both, early, {"x": X}, ("missing_term",)),
    Wrong(
        "wrong_stage",
        lambda x: cross_entropy(softmax(x), T),
        lambda g, x: mean_back(g, softmax(x), T) / 4,
        {"x": X},
    ),
    Wrong(
        "assumes_normalized_target",
        lambda x, t: -(t * log_softmax(x)).sum(),
        lambda g, x, t: g * (softmax(x) - t),
        {"x": X, "t": RNG.uniform(size=(4, 6))},
    ),
    Wrong(
        "param_ignored", scaled, lambda g, y, x, scale: softmax_back(g, y), {"x": X, "scale": 0.7}
    ),
    Wrong("param_ignored", smoothed, lambda g, x, t, eps: mean_back(g, x, t), {**CE, "eps": 0.2}),
    Wrong(
        "param_misapplied",
        scaled,
        lambda g, y, x, scale: softmax_back(g, y) * scale**2,
        {"x": X, "scale": 0.7},
    ),
    Wrong(
        "param_misapplied", weighted, lambda g, x, t, weight: mean_back(g, x, t) * weight, WEIGHTS
    ),
    Wrong("overflow_nan", softmax, unshifted, {"x": HUGE}),
    Wrong("overflow_nan", softmax, unshifted, {"x": X.astype(np.float32)}),
    Wrong("overflow_nan", log_softmax, ratio_nan, {"x": X.astype(np.float32)}, ("masked_nan",)),
    Wrong("masked_nan", logsumexp_masked, logsumexp_masked_back, {"x": X, "keep": KEEP}),
    Wrong(
        "cancellation_to_zero",
        lambda x: 1 / (1 + np.exp(-x)),
        lambda g, y, x: g * y * (1 - y),
        {"x": np.array([-1, 0.5, 18, 20, 1, 2], np.float32)},
    ),
    Wrong("low_precision", softmax, low_precision, {"x": X}),
    Wrong("low_precision", lambda x: x / 6, lambda g, x: g * float(np.float32(1 / 6)), {"x": X}),
    Wrong("approximation", gelu, gelu_by_tanh, {"x": X}),
    Wrong("kink_or_tie", lambda x: np.logaddexp(x, 0), at_zero, {"x": np.where(X > 1, 0, X)}),
    Wrong("kink_or_tie", lambda x: np.logaddexp(x, 0), at_zero, {"x": X}),
    Wrong("ignores_strides", like_input, flat, {"x": X}),
    Wrong("partial_block", softmax, last_lost, {"x": X}),
    Wrong(
        "scatter_overwrite",
        lambda x, i: x[i],
        overwritten,
        {"x": X, "i": np.array([0, 2, 0, 2, 1])},
    ),
    Wrong("sparse_error", softmax, one_off, {"x": X}),
    Wrong("index_wrap", np.square, wrapped, {"x": RNG.normal(size=(70, 1000))}),
    Wrong("mutates_argument", softmax, into_upstream, {"x": X}),
    Wrong("mutates_argument", softmax, into_output, {"x": X}),
    Wrong("mutates_argument", softmax, into_input, {"x": X}),
    Wrong("stale_state", softmax, accumulating, {"x": X}),
    Wrong("nondeterministic", softmax, flickering, {"x": X}),
    Wrong("wrong_shape", softmax, lambda g, y, x: softmax_back(g, y).ravel(), {"x": X}),
    Wrong("wrong_dtype", np.square, integers, {"x": 5 * X}),
    Wrong(
        "wrong_dtype",
        softmax,
        lambda g, y, x: softmax_back(g, y).astype("f4"),
        {"x": X},
        ("low_precision",),
    ),
    Wrong("dropped_grad", lambda x, w: x * w, wrong_dropped, {"x": X, "w": 1 + X**2}),
    Wrong("dropped_grad", attention, attention_wrong("dropped"), ATTENTION),
    Wrong(
        "dropped_grad", layer_norm, lambda g, x, w, b: {"x": layer_norm_back(g, x, w, b)[0]}, NORM
    ),
    Wrong(
        "broadcast_not_reduced",
        lambda x, b: x + b,
        lambda g, x, b: (g, g),
        {"x": X, "b": NORM["b"]},
    ),
]

__all__ = ["WRONG", "Wrong", "gather_back"]
