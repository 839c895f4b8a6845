"""Keras on TensorFlow: keras.ops and keras.losses."""

import keras

from softgrad.survey.dialects import TENSORFLOW
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]

APART = {"reduction": "none"}


def softmax(x, axis=-1):
    """Return probabilities."""
    return keras.ops.softmax(x, axis=axis)


def masked_softmax(x, axis=-1, where=None):
    """Return probabilities of the entries where the mask holds."""
    return keras.layers.Softmax(axis=axis, dtype=x.dtype)(x, mask=where)


def log_softmax(x, axis=-1):
    """Return log-probabilities."""
    return keras.ops.log_softmax(x, axis=axis)


def logsumexp(x, axis=-1, keepdims=False):
    """Return the logarithm of the sum of exponentials."""
    return keras.ops.logsumexp(x, axis=axis, keepdims=keepdims)


def sparsemax(x, axis=-1):
    """Return the point of the simplex nearest to each row."""
    return keras.ops.sparsemax(x, axis=axis)


def sigmoid(x):
    """Return σ(x)."""
    return keras.ops.sigmoid(x)


def log_sigmoid(x):
    """Return log σ(x)."""
    return keras.ops.log_sigmoid(x)


def softplus(x):
    """Return log(1 + e^x)."""
    return keras.ops.softplus(x)


def cross_entropy(logits, target, label_smoothing=0.0):
    """Return each row's loss for probabilities."""
    return keras.losses.categorical_crossentropy(
        target, logits, from_logits=True, label_smoothing=label_smoothing
    )


def sparse_cross_entropy(logits, target, ignore_index=None):
    """Return each row's loss for class indices."""
    return keras.losses.sparse_categorical_crossentropy(
        target, logits, from_logits=True, ignore_class=ignore_index
    )


def binary_cross_entropy(logits, target):
    """Return each entry's loss."""
    return keras.ops.binary_crossentropy(target, logits, from_logits=True)


LIBRARY = Library(
    name="keras",
    title="Keras",
    distribution="keras",
    dialect=TENSORFLOW,
    calls={
        "softmax": (
            Call("keras.ops.softmax", softmax),
            Call("keras.layers.Softmax", masked_softmax),
        ),
        "log_softmax": (Call("keras.ops.log_softmax", log_softmax),),
        "logsumexp": (Call("keras.ops.logsumexp", logsumexp),),
        "sparsemax": (Call("keras.ops.sparsemax", sparsemax),),
        "sigmoid": (Call("keras.ops.sigmoid", sigmoid),),
        "log_sigmoid": (Call("keras.ops.log_sigmoid", log_sigmoid),),
        "softplus": (Call("keras.ops.softplus", softplus),),
        "cross_entropy": (
            Call("keras.losses.categorical_crossentropy", cross_entropy, ("soft",), APART),
            Call(
                "keras.losses.sparse_categorical_crossentropy",
                sparse_cross_entropy,
                ("index",),
                APART,
            ),
        ),
        "binary_cross_entropy": (
            Call("keras.ops.binary_crossentropy", binary_cross_entropy, ("soft",), APART),
        ),
    },
)
