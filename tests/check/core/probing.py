"""A probe by hand: the subject of a NumPy function and its backward pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from softgrad.check.report.report import Tally
from softgrad.check.subject.plan import plan
from softgrad.check.subject.quiet import quiet
from softgrad.check.subject.subject import Subject


@contextmanager
def subject_of(f: Callable, inputs: Any, vjp: Callable | None = None) -> Iterator[Subject]:
    planned = plan(f, inputs, None, {"vjp": vjp})
    with quiet(planned.frame) as randomness:
        yield Subject(
            planned.frame,
            planned.function,
            planned.claim,
            planned.inputs,
            planned.wrt,
            Tally(),
            randomness,
        )


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    e /= e.sum(-1, keepdims=True)
    return e


def softmax_back(g, y):
    return y * (g - (g * y).sum(-1, keepdims=True))


def off_at(places: np.ndarray, factors: np.ndarray) -> Callable:
    """Return softmax's backward pass with some entries of the gradient multiplied."""

    def backward(g, y):
        d = softmax_back(g, y)
        d.reshape(-1)[places] *= factors.astype(d.dtype)
        return d

    return backward
