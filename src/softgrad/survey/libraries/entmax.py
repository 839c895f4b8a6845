"""The entmax package of entmax's authors."""

import entmax as package

from softgrad.survey.dialects import TORCH
from softgrad.survey.library import Call, Library

__all__ = ["LIBRARY"]


def sparsemax(x, axis=-1):
    """Return sparse probabilities, by sorting."""
    return package.sparsemax(x, dim=axis)


def sparsemax_bisect(x, axis=-1):
    """Return sparse probabilities, by bisection."""
    return package.sparsemax_bisect(x, dim=axis)


def entmax(x, axis=-1):
    """Return sparse probabilities for α = 1.5, by sorting."""
    return package.entmax15(x, dim=axis)


def entmax_bisect(x, alpha=1.5, axis=-1):
    """Return sparse probabilities, by bisection."""
    return package.entmax_bisect(x, alpha=alpha, dim=axis)


LIBRARY = Library(
    name="entmax",
    title="entmax",
    distribution="entmax",
    dialect=TORCH,
    calls={
        "sparsemax": (
            Call("entmax.sparsemax", sparsemax),
            Call("entmax.sparsemax_bisect", sparsemax_bisect),
        ),
        "entmax": (
            Call("entmax.entmax15", entmax),
            Call("entmax.entmax_bisect", entmax_bisect),
        ),
    },
)
