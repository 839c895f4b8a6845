"""Optax: losses, and the projection onto the simplex, which is sparsemax."""

import jax
import optax

from softgrad.survey.dialects import JAX
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]

APART = {"reduction": "none"}


def sparsemax(x):
    """Return the point of the simplex nearest to each row."""
    return jax.vmap(optax.projections.projection_simplex)(x)


def cross_entropy(logits, target, axis=-1, where=None):
    """Return each row's loss for probabilities."""
    return optax.softmax_cross_entropy(logits, target, axis=axis, where=where)


def safe_cross_entropy(logits, target):
    """Return each row's loss for probabilities."""
    return optax.safe_softmax_cross_entropy(logits, target)


def smoothed_cross_entropy(logits, target, label_smoothing=0.0):
    """Return each row's loss for probabilities that are smoothed first."""
    return optax.softmax_cross_entropy(logits, optax.smooth_labels(target, label_smoothing))


def integer_cross_entropy(logits, target, axis=-1, where=None):
    """Return each row's loss for class indices."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, target, axis=axis, where=where)


def binary_cross_entropy(logits, target):
    """Return each entry's loss."""
    return optax.sigmoid_binary_cross_entropy(logits, target)


LIBRARY = Library(
    name="optax",
    title="Optax",
    distribution="optax",
    dialect=JAX,
    calls={
        "sparsemax": (Call("optax.projections.projection_simplex", sparsemax),),
        "cross_entropy": (
            Call("optax.softmax_cross_entropy", cross_entropy, ("soft",), APART),
            Call("optax.safe_softmax_cross_entropy", safe_cross_entropy, ("soft",), APART),
            Call("optax.smooth_labels", smoothed_cross_entropy, ("soft",), APART),
            Call(
                "optax.softmax_cross_entropy_with_integer_labels",
                integer_cross_entropy,
                ("index",),
                APART,
            ),
        ),
        "binary_cross_entropy": (
            Call("optax.sigmoid_binary_cross_entropy", binary_cross_entropy, ("soft",), APART),
        ),
    },
)
