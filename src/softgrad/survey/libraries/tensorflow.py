"""TensorFlow: tf.nn and tf.math."""

import tensorflow as tf

from softgrad.survey.dialects import TENSORFLOW
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]

APART = {"reduction": "none"}


def softmax(x, axis=-1):
    """Return probabilities."""
    return tf.nn.softmax(x, axis=axis)


def log_softmax(x, axis=-1):
    """Return log-probabilities."""
    return tf.nn.log_softmax(x, axis=axis)


def logsumexp(x, axis=-1, keepdims=False):
    """Return the logarithm of the sum of exponentials."""
    return tf.reduce_logsumexp(x, axis=axis, keepdims=keepdims)


def sigmoid(x):
    """Return σ(x)."""
    return tf.sigmoid(x)


def log_sigmoid(x):
    """Return log σ(x)."""
    return tf.math.log_sigmoid(x)


def softplus(x):
    """Return log(1 + e^x)."""
    return tf.nn.softplus(x)


def cross_entropy(logits, target, axis=-1):
    """Return each row's loss for probabilities."""
    return tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=logits, axis=axis)


def sparse_cross_entropy(logits, target):
    """Return each row's loss for class indices."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logits)


def binary_cross_entropy(logits, target):
    """Return each entry's loss."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)


def weighted_binary_cross_entropy(logits, target, pos_weight=1.0):
    """Return each entry's loss with a weight of the outcome 1."""
    return tf.nn.weighted_cross_entropy_with_logits(target, logits, pos_weight)


LIBRARY = Library(
    name="tensorflow",
    title="TensorFlow",
    distribution="tensorflow_cpu",
    dialect=TENSORFLOW,
    calls={
        "softmax": (Call("tf.nn.softmax", softmax),),
        "log_softmax": (Call("tf.nn.log_softmax", log_softmax),),
        "logsumexp": (Call("tf.reduce_logsumexp", logsumexp),),
        "sigmoid": (Call("tf.sigmoid", sigmoid),),
        "log_sigmoid": (Call("tf.math.log_sigmoid", log_sigmoid),),
        "softplus": (Call("tf.nn.softplus", softplus),),
        "cross_entropy": (
            Call("tf.nn.softmax_cross_entropy_with_logits", cross_entropy, ("soft",), APART),
            Call(
                "tf.nn.sparse_softmax_cross_entropy_with_logits",
                sparse_cross_entropy,
                ("index",),
                APART,
            ),
        ),
        "binary_cross_entropy": (
            Call("tf.nn.sigmoid_cross_entropy_with_logits", binary_cross_entropy, ("soft",), APART),
            Call(
                "tf.nn.weighted_cross_entropy_with_logits",
                weighted_binary_cross_entropy,
                ("soft",),
                APART,
            ),
        ),
    },
)
