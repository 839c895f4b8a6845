"""PyTorch."""

import torch
from torch.nn import functional

from softgrad.survey.dialects import TORCH
from softgrad.survey.library import Call, Documented, Library

__all__ = ["LIBRARY"]


def softmax(x, axis=-1):
    """Return probabilities."""
    return torch.softmax(x, dim=axis)


def masked_softmax(x, axis=-1, where=None):
    """Return probabilities of the entries where the mask holds."""
    return torch.masked.softmax(x, dim=axis, mask=where)


def log_softmax(x, axis=-1):
    """Return log-probabilities."""
    return torch.log_softmax(x, dim=axis)


def masked_log_softmax(x, axis=-1, where=None):
    """Return log-probabilities of the entries where the mask holds."""
    return torch.masked.log_softmax(x, dim=axis, mask=where)


def logsumexp(x, axis=-1, keepdims=False):
    """Return the logarithm of the sum of exponentials."""
    return torch.logsumexp(x, dim=axis, keepdim=keepdims)


def sigmoid(x):
    """Return σ(x)."""
    return torch.sigmoid(x)


def log_sigmoid(x):
    """Return log σ(x)."""
    return functional.logsigmoid(x)


def softplus(x):
    """Return log(1 + e^x)."""
    return functional.softplus(x)


def cross_entropy(
    logits, target, weight=None, label_smoothing=0.0, ignore_index=-100, reduction="mean"
):
    """Return the loss."""
    return functional.cross_entropy(
        logits,
        target,
        weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction=reduction,
    )


def binary_cross_entropy(logits, target, weight=None, pos_weight=None, reduction="mean"):
    """Return the loss."""
    return functional.binary_cross_entropy_with_logits(
        logits, target, weight, pos_weight=pos_weight, reduction=reduction
    )


LINEAR = Documented(
    "For numerical stability the implementation reverts to the linear function above threshold=20.",
    rows=("confident by 40", "saturated", "large"),
)

LIBRARY = Library(
    name="torch",
    title="PyTorch",
    distribution="torch",
    dialect=TORCH,
    calls={
        "softmax": (
            Call("torch.softmax", softmax),
            Call("torch.masked.softmax", masked_softmax),
        ),
        "log_softmax": (
            Call("torch.log_softmax", log_softmax),
            Call("torch.masked.log_softmax", masked_log_softmax),
        ),
        "logsumexp": (Call("torch.logsumexp", logsumexp),),
        "sigmoid": (Call("torch.sigmoid", sigmoid),),
        "log_sigmoid": (Call("F.logsigmoid", log_sigmoid),),
        "softplus": (Call("F.softplus", softplus, documented=(LINEAR,)),),
        "cross_entropy": (Call("F.cross_entropy", cross_entropy),),
        "binary_cross_entropy": (
            Call("F.binary_cross_entropy_with_logits", binary_cross_entropy, targets=("soft",)),
        ),
    },
)
