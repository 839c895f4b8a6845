"""softgrad into memory that is there already.

This file alone knows how that is asked for: by calling the native kernels.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from bench.kernels.cases import Case, logits, probabilities, target, upstream

from softgrad import _native

_PLACES = {name: place for place, (name, _) in enumerate(_native.kernels())}


def _bits(x: np.ndarray) -> np.ndarray:
    return x.view(np.uint16) if x.dtype.name == "bfloat16" else x


def _run(
    kernel: str, case: Case, *inputs: np.ndarray | None, out: np.ndarray, constants: tuple = ()
) -> Callable[[], object]:
    place, n, inner = _PLACES[kernel], case.n, case.inner
    given = [x if x is None else _bits(x) for x in inputs]
    result = _bits(out)

    def call() -> object:
        _native.run(place, n, inner, *given, result, *constants)
        return out

    return call


def softmax(case: Case) -> Callable[[], object]:
    x = logits(case)
    return _run("softmax", case, x, out=np.empty_like(x))


def log_softmax(case: Case) -> Callable[[], object]:
    x = logits(case)
    empty = (float("-inf"),)
    return _run("log_softmax", case, x, out=np.empty_like(x), constants=empty)


def logsumexp(case: Case) -> Callable[[], object]:
    x = logits(case)
    return _run("logsumexp", case, x, out=np.empty(case.batch, x.dtype))


def softmax_backward(case: Case) -> Callable[[], object]:
    p, g = probabilities(case), upstream(case)
    return _run("weighted_centering", case, p, g, out=np.empty_like(g))


def log_softmax_backward(case: Case) -> Callable[[], object]:
    p, g = probabilities(case), upstream(case)
    live = np.ones(p.shape, bool)
    return _run("centering_transposed", case, p, g, live, out=np.empty_like(g))


def jacobian_product(case: Case) -> Callable[[], object]:
    return softmax_backward(case)


def loss_gradient(case: Case) -> Callable[[], object]:
    x, index = logits(case), target(case)
    rows, slope = np.empty(index.size), np.empty_like(x)
    place, mean = _PLACES["cross_entropy_grad"], 1 / index.size
    given: tuple[Any, ...] = (_bits(x), index, None, None, None, rows, _bits(slope))
    constants = (1.0, 0.0, 0.0, mean, 0.0, 0.0)

    def call() -> object:
        _native.run(place, case.n, case.inner, *given, *constants)
        return rows.mean(), slope

    return call
