"""softgrad into memory that is there already.

This file alone knows how that is asked for: by calling the native kernels, which take arrays that
are contiguous along the last axis.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from bench.kernels.cases import Case, logits, probabilities, target, upstream

from softgrad import _native

_PLACES = {name: place for place, (name, _) in enumerate(_native.kernels())}


def _bits(x: np.ndarray) -> np.ndarray:
    return x.view(np.uint16) if x.dtype.name == "bfloat16" else x


def _along_last(
    kernel: str, case: Case, *inputs: np.ndarray | None, out: np.ndarray, constants: tuple = ()
) -> Callable[[], object]:
    if case.axis != -1:
        raise NotImplementedError("the kernels take no other axis yet")
    place, n = _PLACES[kernel], case.n
    given = [x if x is None else _bits(x) for x in inputs]
    result = _bits(out)

    def call() -> object:
        _native.run(place, n, *given, result, *constants)
        return out

    return call


def softmax(case: Case) -> Callable[[], object]:
    x = logits(case)
    return _along_last("softmax", case, x, out=np.empty_like(x))


def log_softmax(case: Case) -> Callable[[], object]:
    x = logits(case)
    empty = (float("-inf"),)
    return _along_last("log_softmax", case, x, out=np.empty_like(x), constants=empty)


def logsumexp(case: Case) -> Callable[[], object]:
    x = logits(case)
    return _along_last("logsumexp", case, x, out=np.empty(case.shape[:-1], x.dtype))


def softmax_backward(case: Case) -> Callable[[], object]:
    p, g = probabilities(case), upstream(case)
    return _along_last("weighted_centering", case, p, g, out=np.empty_like(g))


def log_softmax_backward(case: Case) -> Callable[[], object]:
    p, g = probabilities(case), upstream(case)
    live = np.ones(p.shape, bool)
    return _along_last("centering_transposed", case, p, g, live, out=np.empty_like(g))


def jacobian_product(case: Case) -> Callable[[], object]:
    return softmax_backward(case)


def loss_gradient(case: Case) -> Callable[[], object]:
    x, index = logits(case), target(case)
    rows, slope = np.empty(index.size), np.empty_like(x)
    place, n, mean = _PLACES["cross_entropy_grad"], case.n, 1 / index.size
    given: tuple[Any, ...] = (_bits(x), index, None, None, None, rows, _bits(slope))
    constants = (1.0, 0.0, 0.0, mean, 0.0, 0.0)

    def call() -> object:
        _native.run(place, n, *given, *constants)
        return rows.mean(), slope

    return call
