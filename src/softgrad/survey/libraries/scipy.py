"""scipy.special: values only."""

from scipy import special

from softgrad.survey.dialects import NUMPY
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def softmax(x, axis=-1):
    """Return probabilities."""
    return special.softmax(x, axis=axis)


def log_softmax(x, axis=-1):
    """Return log-probabilities."""
    return special.log_softmax(x, axis=axis)


def logsumexp(x, axis=-1, keepdims=False):
    """Return the logarithm of the sum of exponentials."""
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


def sigmoid(x):
    """Return σ(x)."""
    return special.expit(x)


def log_sigmoid(x):
    """Return log σ(x)."""
    return special.log_expit(x)


LIBRARY = Library(
    name="scipy",
    title="SciPy",
    distribution="scipy",
    dialect=NUMPY,
    dtypes=("float64", "float32", "float16"),
    calls={
        "softmax": (Call("special.softmax", softmax),),
        "log_softmax": (Call("special.log_softmax", log_softmax),),
        "logsumexp": (Call("special.logsumexp", logsumexp),),
        "sigmoid": (Call("special.expit", sigmoid),),
        "log_sigmoid": (Call("special.log_expit", log_sigmoid),),
    },
)
