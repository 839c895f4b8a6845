"""Wrong gradients to put into a model: torch's own functions, each with a mistake of a known kind.

Every one returns the right value. What is not wrong in its gradient comes from torch.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from measuring.stand_ins import (
    attention,
    batch_norm,
    convolution,
    cross_entropy,
    dropout,
    embedding,
    gelu,
    layer_norm,
    linear,
    relu,
    sigmoid,
    softmax,
    tanh,
)

__all__ = ["MISTAKES", "Mistake"]


class Given:
    """What a backward pass has: the upstream gradient, the output, the arguments by name."""

    def __init__(self, forward: Callable, g: Tensor, y: Tensor, arguments: dict[str, Any]) -> None:
        self._forward, self.g, self.y, self.arguments = forward, g, y, arguments

    def __getattr__(self, name: str) -> Any:
        return self.arguments[name]

    def right(self) -> dict[str, Tensor]:
        """Return torch's own gradients by name."""
        arguments = {
            name: value.detach().requires_grad_()
            if isinstance(value, Tensor) and value.is_floating_point()
            else value
            for name, value in self.arguments.items()
        }
        if "running_mean" in arguments:
            arguments |= {"running_mean": None, "running_var": None}
        asked = {n: a for n, a in arguments.items() if isinstance(a, Tensor) and a.requires_grad}
        with torch.enable_grad():
            y = self._forward(**arguments)
        return dict(zip(asked, torch.autograd.grad(y, [*asked.values()], self.g), strict=True))

    def normalised(self, dims: Any, eps: float) -> tuple[Tensor, Tensor]:
        """Return the input centred and scaled, and 1/σ."""
        x = self.arguments["input"]
        var, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
        return (x - mean) * (var + eps).rsqrt(), (var + eps).rsqrt()


def wrong(forward: Callable, name: str, mistaken: Callable[[Given], dict[str, Any]]) -> type:
    """Return a custom Function whose gradients are torch's but for those that are ``mistaken``."""
    names = [*inspect.signature(forward).parameters]

    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        held = [each if isinstance(each, Tensor) else None for each in inputs]
        ctx.rest = [None if isinstance(each, Tensor) else each for each in inputs]
        ctx.save_for_backward(output, *held)

    def backward(ctx: Any, g: Tensor) -> tuple:
        y, *held = ctx.saved_tensors
        values = [r if h is None else h for h, r in zip(held, ctx.rest, strict=True)]
        given = Given(forward, g, y, dict(zip(names, values, strict=True)))
        found = given.right() | mistaken(given)
        return tuple(
            found.get(n) if needed else None
            for n, needed in zip(names, ctx.needs_input_grad, strict=True)
        )

    members = {"forward": forward, "setup_context": setup_context, "backward": backward}
    return type(name, (torch.autograd.Function,), {n: staticmethod(f) for n, f in members.items()})


@dataclass(frozen=True)
class Mistake:
    """A wrong gradient and where it can be put.

    Parameters
    ----------
    text
        What is wrong.
    place
        The object and its attribute that is replaced.
    modules
        The classes of the modules in which it can be; none for the loss.
    function
        What replaces it.
    names
        The names that fit.
    """

    text: str
    place: tuple[Any, str]
    modules: tuple[str, ...]
    function: type
    names: frozenset[str]


def _outer(given: Given) -> tuple[Tensor, Tensor]:
    """Return the upstream gradient and the input of a linear layer as matrices."""
    return given.g.flatten(0, -2), given.arguments["input"].flatten(0, -2)


def _softmax_sum(given: Given, dim: int) -> Tensor:
    return (given.g * given.y).sum(dim, keepdim=True)


def _layer_terms(given: Given) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    h, scale = given.normalised(-1, given.eps)
    g = given.g * given.weight
    return scale, g, g.mean(-1, keepdim=True), h * (g * h).mean(-1, keepdim=True)


def _batch_terms(given: Given) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    dims = (0, 2, 3)
    h, scale = given.normalised(dims, given.eps)
    g = given.g * given.weight.view(1, -1, 1, 1)
    return scale, g, g.mean(dims, keepdim=True), h * (g * h).mean(dims, keepdim=True)


def _layer(keep: Callable) -> Callable:
    def mistaken(given: Given) -> dict[str, Tensor]:
        scale, g, mean, var = _layer_terms(given)
        return {"input": scale * keep(g, mean, var)}

    return mistaken


def _batch(keep: Callable) -> Callable:
    def mistaken(given: Given) -> dict[str, Tensor]:
        scale, g, mean, var = _batch_terms(given)
        return {"input": scale * keep(g, mean, var)}

    return mistaken


def _gelu(given: Given, cubic: float) -> Tensor:
    x = given.arguments["input"]
    c = (2 / torch.pi) ** 0.5
    t = torch.tanh(c * (x + 0.044715 * x**3))
    return given.g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * cubic * x * x))


def _overwritten(given: Given) -> Tensor:
    """Return an embedding's gradient in which the last of repeated indices wins."""
    table = torch.zeros_like(given.weight)
    for index, row in zip(given.arguments["input"].flatten(), given.g.flatten(0, -2), strict=True):
        table[index] = row
    return table


def _unsmoothed(given: Given) -> Tensor:
    p = given.arguments["input"].softmax(-1)
    return given.g * (p - F.one_hot(given.target, p.shape[-1])) / len(p)


def _scaled(share: Callable[[Given], float], *names: str) -> Callable:
    def mistaken(given: Given) -> dict[str, Tensor]:
        right = given.right()
        return {name: right[name] * share(given) for name in names}

    return mistaken


_LINEAR = ((F, "linear"), ("Linear",), linear)
_SOFTMAX = ((F, "softmax"), ("Attention",), softmax)
_LAYER = ((F, "layer_norm"), ("LayerNorm",), layer_norm)
_BATCH = ((F, "batch_norm"), ("BatchNorm2d",), batch_norm)
_GELU = ((F, "gelu"), ("Block",), gelu)
_RELU = ((F, "relu"), ("Residual", "ReLU"), relu)
_TANH = ((torch, "tanh"), ("Reader",), tanh)
_SIGMOID = ((torch, "sigmoid"), ("Reader",), sigmoid)
_DROP = ((F, "dropout"), ("Dropout",), dropout)
_TABLE = ((F, "embedding"), ("Embedding",), embedding)
_LOSS = ((F, "cross_entropy"), (), cross_entropy)
_HEADS = ((F, "scaled_dot_product_attention"), ("Attention",), attention)
_CONVOLVED = ((F, "conv2d"), ("Conv2d",), convolution)

_TERM = "missing_term"
_FACTOR = ("wrong_constant", "wrong_normalizer")
_ROWS: tuple[tuple[str, tuple, Callable[[Given], dict[str, Any]], tuple[str, ...]], ...] = (
    (
        "softmax: the Jacobian's diagonal only",
        _SOFTMAX,
        lambda a: {"input": a.g * a.y * (1 - a.y)},
        ("diagonal_only",),
    ),
    (
        "softmax: the sum is missing",
        _SOFTMAX,
        lambda a: {"input": a.y * a.g},
        (_TERM, "diagonal_only"),
    ),
    (
        "softmax: the sum along the wrong axis",
        _SOFTMAX,
        lambda a: {"input": a.y * (a.g - _softmax_sum(a, -2))},
        ("wrong_axis",),
    ),
    ("layer norm: the mean's term is missing", _LAYER, _layer(lambda g, m, v: g - v), (_TERM,)),
    ("layer norm: the variance's is missing", _LAYER, _layer(lambda g, m, v: g - m), (_TERM,)),
    (
        "layer norm: statistics as constants",
        _LAYER,
        _layer(lambda g, m, v: g),
        (_TERM, "diagonal_only"),
    ),
    ("batch norm: the mean's term is missing", _BATCH, _batch(lambda g, m, v: g - v), (_TERM,)),
    ("batch norm: the variance's is missing", _BATCH, _batch(lambda g, m, v: g - m), (_TERM,)),
    (
        "batch norm: statistics as constants",
        _BATCH,
        _batch(lambda g, m, v: g),
        (_TERM, "diagonal_only"),
    ),
    (
        "GELU: another constant",
        _GELU,
        lambda a: {"input": _gelu(a, 0.035)},
        ("approximation", "wrong_constant", "param_misapplied"),
    ),
    (
        "GELU: Φ(x) alone",
        _GELU,
        lambda a: {"input": a.g * 0.5 * (1 + torch.erf(a.arguments["input"] * 0.5**0.5))},
        (_TERM, "wrong_stage", "wrong_variable"),
    ),
    (
        "attention: the scale is missing",
        _HEADS,
        _scaled(lambda a: a.query.shape[-1] ** 0.5, "query", "key"),
        _FACTOR,
    ),
    (
        "linear: the weight's gradient transposed",
        _LINEAR,
        lambda a: {"weight": _transposed(a)},
        ("transposed",),
    ),
    (
        "linear: the bias's gradient of one sample",
        _LINEAR,
        lambda a: {"bias": _outer(a)[0][0]},
        ("upstream_collapsed",),
    ),
    (
        "linear: the bias's gradient is missing",
        _LINEAR,
        lambda a: {"bias": None},
        ("dropped_grad",),
    ),
    ("linear: the sign", _LINEAR, _scaled(lambda a: -1.0, "input"), ("wrong_sign",)),
    (
        "linear: divided by the samples",
        _LINEAR,
        _scaled(lambda a: 1 / len(_outer(a)[0]), "weight"),
        _FACTOR,
    ),
    (
        "embedding: repeated indices overwrite",
        _TABLE,
        lambda a: {"weight": _overwritten(a)},
        ("scatter_overwrite",),
    ),
    (
        "cross-entropy: not divided by the samples",
        _LOSS,
        _scaled(lambda a: float(len(a.target)), "input"),
        _FACTOR,
    ),
    (
        "cross-entropy: label smoothing lost",
        _LOSS,
        lambda a: {"input": _unsmoothed(a)},
        ("param_ignored", _TERM, "wrong_variable"),
    ),
    (
        "ReLU: also where it is 0",
        _RELU,
        lambda a: {"input": a.g},
        ("identity_jacobian", "missing_chain_factor"),
    ),
    (
        "dropout: without its mask",
        _DROP,
        lambda a: {"input": a.g / (1 - a.p)},
        ("missing_chain_factor", "wrong_constant", "identity_jacobian"),
    ),
    (
        "dropout: without its scale",
        _DROP,
        lambda a: {"input": a.g * (a.y != 0)},
        (*_FACTOR, "param_ignored"),
    ),
    ("tanh: 1 − y", _TANH, lambda a: {"input": a.g * (1 - a.y)}, ("wrong_variable",)),
    (
        "sigmoid: y alone",
        _SIGMOID,
        lambda a: {"input": a.g * a.y},
        ("missing_chain_factor", _TERM, "wrong_variable"),
    ),
    (
        "ReLU: writes into the upstream gradient",
        _RELU,
        lambda a: {"input": a.g.mul_(a.y > 0)},
        ("mutates_argument",),
    ),
    (
        "convolution: half of the weight's gradient",
        _CONVOLVED,
        _scaled(lambda a: 0.5, "weight"),
        _FACTOR,
    ),
    (
        "convolution: the input's is missing",
        _CONVOLVED,
        lambda a: {"input": None},
        ("dropped_grad",),
    ),
)


def _transposed(given: Given) -> Tensor:
    g, x = _outer(given)
    return x.T @ g if g.shape[1] == x.shape[1] else g.T @ x


MISTAKES = tuple(
    Mistake(
        text, place, modules, wrong(forward, "Wrong" + forward.__name__, mistaken), frozenset(names)
    )
    for text, (place, modules, forward), mistaken, names in _ROWS
)
