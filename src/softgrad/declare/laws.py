"""Identities that hold for every input, as data that documents and property tests share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from softgrad._array import Array, namespace

__all__ = ["PERMUTES", "SHIFT_ADDS", "SHIFT_FREE", "SUMS_TO_ONE", "Law"]


@dataclass(frozen=True)
class Law:
    """An identity between two expressions in a function f, its logits x and a number c.

    Parameters
    ----------
    statement
        The identity, as one would write it.
    sides
        ``sides(f, x, c) -> (left, right)``; x is two-dimensional, rows along the last axis.
    """

    statement: str
    sides: Callable[[Callable[..., Array], Array, float], tuple[Any, Any]]


SHIFT_FREE = Law("f(x + c) = f(x)", lambda f, x, c: (f(x + c), f(x)))
SHIFT_ADDS = Law("f(x + c) = f(x) + c", lambda f, x, c: (f(x + c), f(x) + c))
SUMS_TO_ONE = Law(
    "Σ f(x) = 1", lambda f, x, c: (namespace(x).sum(f(x), axis=-1), namespace(x).ones(x.shape[0]))
)
PERMUTES = Law(
    "f(reversed x) = reversed f(x)",
    lambda f, x, c: (f(namespace(x).flip(x, axis=-1)), namespace(x).flip(f(x), axis=-1)),
)
