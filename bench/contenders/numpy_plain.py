"""NumPy as people write it."""

from collections.abc import Callable

import numpy as np
from bench.kernels.cases import Case, logits, probabilities, target, upstream


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _logsumexp(x: np.ndarray, axis: int) -> np.ndarray:
    top = x.max(axis, keepdims=True)
    return top + np.log(np.exp(x - top).sum(axis, keepdims=True))


def softmax(case: Case) -> Callable[[], object]:
    x = logits(case)
    return lambda: _softmax(x, case.axis)


def log_softmax(case: Case) -> Callable[[], object]:
    x = logits(case)
    return lambda: x - _logsumexp(x, case.axis)


def logsumexp(case: Case) -> Callable[[], object]:
    x = logits(case)
    return lambda: _logsumexp(x, case.axis).squeeze(case.axis)


def losses(case: Case) -> Callable[[], object]:
    x, t, rows = logits(case), target(case), np.arange(case.shape[0])
    return lambda: _logsumexp(x, -1)[:, 0] - x[rows, t]


def loss(case: Case) -> Callable[[], object]:
    of_rows = losses(case)
    return lambda: of_rows().mean()


def loss_gradient(case: Case) -> Callable[[], object]:
    x, t, rows = logits(case), target(case), np.arange(case.shape[0])

    def call() -> object:
        p = _softmax(x, -1)
        value = -np.log(p[rows, t]).mean()
        p[rows, t] -= 1
        return value, p / len(rows)

    return call


def softmax_backward(case: Case) -> Callable[[], object]:
    p, g = probabilities(case), upstream(case)
    return lambda: p * (g - (g * p).sum(case.axis, keepdims=True))


def log_softmax_backward(case: Case) -> Callable[[], object]:
    p, g = probabilities(case), upstream(case)
    return lambda: g - p * g.sum(case.axis, keepdims=True)


def jacobian_product(case: Case) -> Callable[[], object]:
    return softmax_backward(case)


def dense_jacobian(case: Case) -> Callable[[], object]:
    p = probabilities(case)
    return lambda: np.diag(p) - np.outer(p, p)


def sparsemax(case: Case) -> Callable[[], object]:
    x, k = logits(case), np.arange(1, case.n + 1)

    def call() -> object:
        ordered = -np.sort(-x, axis=-1)
        thresholds = (ordered.cumsum(-1) - 1) / k
        size = (ordered > thresholds).sum(-1, keepdims=True)
        return np.maximum(x - np.take_along_axis(thresholds, size - 1, -1), 0)

    return call


def softmax_hessian_product(case: Case) -> Callable[[], object]:
    p, g = probabilities(case), upstream(case)
    ds = g * p

    def call() -> object:
        moved = ds * (g - (p * g).sum(-1, keepdims=True))
        return moved - p * moved.sum(-1, keepdims=True)

    return call
