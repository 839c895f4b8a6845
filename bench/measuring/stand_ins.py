"""Torch's own functions with positional arguments only, as a custom Function takes them."""

from types import SimpleNamespace
from typing import Any

import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "attention",
    "batch_norm",
    "convolution",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "linear",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]

_OWN = SimpleNamespace(**vars(F))  # in which nothing is ever replaced


def linear(input: Tensor, weight: Tensor, bias: Any = None) -> Tensor:
    return _OWN.linear(input, weight, bias)


def softmax(input: Tensor, dim: int = -1, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    return input.softmax(dim)


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    return _OWN.layer_norm(input, normalized_shape, weight, bias, eps)


def batch_norm(
    input: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    return _OWN.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    return _OWN.gelu(input, approximate=approximate)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    return input.relu()


def tanh(input: Tensor) -> Tensor:
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    return input.sigmoid()


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    return _OWN.dropout(input, p, training)


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    return _OWN.embedding(input, weight)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    return _OWN.cross_entropy(input, target, label_smoothing=label_smoothing)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
) -> Tensor:
    return _OWN.scaled_dot_product_attention(query, key, value, is_causal=is_causal)


def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    return _OWN.conv2d(input, weight, bias, stride, padding, dilation, groups)
