"""Tinygrad: methods of Tensor."""

import tinygrad  # noqa: F401

from softgrad.survey.dialects import TINYGRAD
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def softmax(x, axis=-1):
    """Return probabilities."""
    return x.softmax(axis)


def log_softmax(x, axis=-1):
    """Return log-probabilities."""
    return x.log_softmax(axis)


def logsumexp(x, axis=-1, keepdims=False):
    """Return the logarithm of the sum of exponentials."""
    return x.logsumexp(axis, keepdim=keepdims)


def sigmoid(x):
    """Return σ(x)."""
    return x.sigmoid()


def log_sigmoid(x):
    """Return log σ(x)."""
    return x.logsigmoid()


def softplus(x):
    """Return log(1 + e^x)."""
    return x.softplus()


def cross_entropy(logits, target, label_smoothing=0.0, reduction="mean"):
    """Return the loss."""
    return logits.cross_entropy(target, reduction=reduction, label_smoothing=label_smoothing)


def sparse_cross_entropy(logits, target, label_smoothing=0.0, ignore_index=-1, reduction="mean"):
    """Return the loss for class indices."""
    return logits.sparse_categorical_crossentropy(
        target, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
    )


def binary_cross_entropy(logits, target, pos_weight=None, reduction="mean"):
    """Return the loss."""
    return logits.binary_crossentropy_logits(target, reduction=reduction, pos_weight=pos_weight)


LIBRARY = Library(
    name="tinygrad",
    title="tinygrad",
    distribution="tinygrad",
    dialect=TINYGRAD,
    calls={
        "softmax": (Call("Tensor.softmax", softmax),),
        "log_softmax": (Call("Tensor.log_softmax", log_softmax),),
        "logsumexp": (Call("Tensor.logsumexp", logsumexp),),
        "sigmoid": (Call("Tensor.sigmoid", sigmoid),),
        "log_sigmoid": (Call("Tensor.logsigmoid", log_sigmoid),),
        "softplus": (Call("Tensor.softplus", softplus),),
        "cross_entropy": (
            Call("Tensor.cross_entropy", cross_entropy),
            Call("Tensor.sparse_categorical_crossentropy", sparse_cross_entropy, ("index",)),
        ),
        "binary_cross_entropy": (
            Call("Tensor.binary_crossentropy_logits", binary_cross_entropy, ("soft",)),
        ),
    },
)
