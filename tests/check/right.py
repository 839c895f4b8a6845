"""Right derivatives in NumPy: none of them may be called wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Right:
    """A function, its right backward pass, and examples of its inputs."""

    name: str
    forward: Callable
    backward: Callable
    inputs: Callable[[np.random.Generator], dict[str, Any]]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def softmax_back(g, y, axis=-1):
    return y * (g - (g * y).sum(axis, keepdims=True))


def log_softmax(x):
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def onehot(t, k, dtype):
    return (np.arange(k) == t[:, None]).astype(dtype)


def logsumexp(x):
    m = x.max(-1)
    return m + np.log(np.exp(x - m[:, None]).sum(-1))


def layer_norm(x, w, b):
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + x.dtype.type(1e-5)) * w + b


def layer_norm_back(g, x, w, b):
    d = x - x.mean(-1, keepdims=True)
    r = 1 / np.sqrt((d * d).mean(-1, keepdims=True) + x.dtype.type(1e-5))
    h, gw = d * r, g * w
    inner = gw - gw.mean(-1, keepdims=True) - h * (gw * h).mean(-1, keepdims=True)
    return r * inner, (g * h).sum(0), g.sum(0)


def attention(q, k, v):
    return softmax(q @ k.swapaxes(-1, -2) / q.dtype.type(2)) @ v


def attention_back(g, q, k, v):
    p = softmax(q @ k.swapaxes(-1, -2) / q.dtype.type(2))
    ds = softmax_back(g @ v.swapaxes(-1, -2), p) / q.dtype.type(2)
    return ds @ k, ds.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ g


def cross_entropy(x, t):
    return -log_softmax(x)[np.arange(len(t)), t].mean()


def cross_entropy_back(g, x, t):
    return g * (softmax(x) - onehot(t, x.shape[1], x.dtype)) / x.dtype.type(len(t))


def matmul_back(g, a, b):
    return g @ b.T, a.T @ g


def gather_back(g, x, i):
    d = np.zeros_like(x)
    np.add.at(d, i, g)
    return d


def x_(rng):
    return {"x": rng.normal(size=(4, 6))}


RIGHT = [
    Right("softmax", softmax, lambda g, y, x: softmax_back(g, y), x_),
    Right("softmax0", lambda x: softmax(x, 0), lambda g, y, x: softmax_back(g, y, 0), x_),
    Right(
        "log_softmax",
        log_softmax,
        lambda g, y, x: g - np.exp(y) * g.sum(-1, keepdims=True),
        x_,
    ),
    Right("logsumexp", logsumexp, lambda g, y, x: g[:, None] * np.exp(x - y[:, None]), x_),
    Right("sum of softmax", lambda x: softmax(x).sum(), lambda g, x: np.zeros_like(x), x_),
    Right("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda g, y, x: g * y * (1 - y), x_),
    Right("tanh", np.tanh, lambda g, y, x: g * (1 - y * y), x_),
    Right("exp", np.exp, lambda g, y, x: g * y, x_),
    Right("relu", lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0), x_),
    Right("abs", np.abs, lambda g, x: g * np.sign(x), x_),
    Right("square", np.square, lambda g, x: 2 * g * x, x_),
    Right("softplus", lambda x: np.logaddexp(x, 0), lambda g, x: g / (1 + np.exp(-x)), x_),
    Right("mean", lambda x: x.mean(), lambda g, x: np.full_like(x, g / x.size), x_),
    Right(
        "row maximum",
        lambda x: x.max(-1),
        lambda g, y, x: g[:, None] * (x == y[:, None]) / (x == y[:, None]).sum(-1, keepdims=True),
        x_,
    ),
    Right("constant", lambda x: np.ones(3, x.dtype), lambda g, x: np.zeros_like(x), x_),
    Right(
        "cross entropy",
        cross_entropy,
        cross_entropy_back,
        lambda rng: {"x": rng.normal(size=(5, 4)), "t": np.array([0, 3, 1, 1, 2])},
    ),
    Right(
        "layer norm",
        layer_norm,
        layer_norm_back,
        lambda rng: {
            "x": rng.normal(size=(4, 6)),
            "w": 1 + 0.3 * rng.normal(size=6),
            "b": rng.normal(size=6),
        },
    ),
    Right(
        "attention",
        attention,
        attention_back,
        lambda rng: {
            "q": rng.normal(size=(2, 3, 4)),
            "k": rng.normal(size=(2, 5, 4)),
            "v": rng.normal(size=(2, 5, 3)),
        },
    ),
    Right(
        "matrix product",
        lambda a, b: a @ b,
        matmul_back,
        lambda rng: {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=(4, 4))},
    ),
    Right(
        "gather",
        lambda x, i: x[i],
        gather_back,
        lambda rng: {"x": rng.normal(size=(5, 3)), "i": np.array([0, 4, 2, 4])},
    ),
    Right(
        "two outputs",
        lambda x: (x * x, np.exp(x)),
        lambda g, y, x: 2 * g[0] * x + g[1] * y[1],
        x_,
    ),
]
