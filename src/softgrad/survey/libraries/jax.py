"""JAX: jax.nn."""

import jax

from softgrad.survey.dialects import JAX
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def softmax(x, axis=-1, where=None):
    """Return probabilities."""
    return jax.nn.softmax(x, axis=axis, where=where)


def log_softmax(x, axis=-1, where=None):
    """Return log-probabilities."""
    return jax.nn.log_softmax(x, axis=axis, where=where)


def logsumexp(x, axis=-1, keepdims=False, where=None):
    """Return the logarithm of the sum of exponentials."""
    return jax.nn.logsumexp(x, axis=axis, keepdims=keepdims, where=where)


def sigmoid(x):
    """Return σ(x)."""
    return jax.nn.sigmoid(x)


def log_sigmoid(x):
    """Return log σ(x)."""
    return jax.nn.log_sigmoid(x)


def softplus(x):
    """Return log(1 + e^x)."""
    return jax.nn.softplus(x)


LIBRARY = Library(
    name="jax",
    title="JAX",
    distribution="jax",
    dialect=JAX,
    calls={
        "softmax": (Call("jax.nn.softmax", softmax),),
        "log_softmax": (Call("jax.nn.log_softmax", log_softmax),),
        "logsumexp": (Call("jax.nn.logsumexp", logsumexp),),
        "sigmoid": (Call("jax.nn.sigmoid", sigmoid),),
        "log_sigmoid": (Call("jax.nn.log_sigmoid", log_sigmoid),),
        "softplus": (Call("jax.nn.softplus", softplus),),
    },
)
