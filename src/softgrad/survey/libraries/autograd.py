"""HIPS autograd: SciPy's functions with derivatives."""

import autograd.numpy as anp
import autograd.scipy.special as special

from softgrad.survey.dialects import AUTOGRAD
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def logsumexp(x, axis=-1, keepdims=False):
    """Return the logarithm of the sum of exponentials."""
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


def sigmoid(x):
    """Return σ(x)."""
    return special.expit(x)


def softplus(x):
    """Return log(1 + e^x)."""
    return anp.logaddexp(0.0, x)  # pyrefly: ignore[missing-attribute]


LIBRARY = Library(
    name="autograd",
    title="autograd",
    distribution="autograd",
    dialect=AUTOGRAD,
    dtypes=("float64", "float32"),
    calls={
        "logsumexp": (Call("autograd.scipy.special.logsumexp", logsumexp),),
        "sigmoid": (Call("autograd.scipy.special.expit", sigmoid),),
        "softplus": (Call("autograd.numpy.logaddexp", softplus),),
    },
)
