"""softgrad as a user calls it: every call returns a new array."""

from collections.abc import Callable
from functools import partial

import numpy as np
from bench.kernels.cases import Case, logits, probabilities, target, upstream

import softgrad
from softgrad.axis import Axis
from softgrad.structure import Centering, WeightedCentering


def _threads(case: Case) -> None:
    """Tell softgrad how many threads to use, where it can be told."""
    if set_num_threads := getattr(softgrad, "set_num_threads", None):
        set_num_threads(case.threads)


def _along_axis(function: Callable[..., object], case: Case) -> Callable[[], object]:
    _threads(case)
    x = logits(case)
    return partial(function, x) if case.axis == -1 else partial(function, x, axis=case.axis)


def softmax(case: Case) -> Callable[[], object]:
    return _along_axis(softgrad.softmax, case)


def log_softmax(case: Case) -> Callable[[], object]:
    return _along_axis(softgrad.log_softmax, case)


def logsumexp(case: Case) -> Callable[[], object]:
    return _along_axis(softgrad.logsumexp, case)


def loss(case: Case) -> Callable[[], object]:
    _threads(case)
    return partial(softgrad.cross_entropy, logits(case), target(case))


def losses(case: Case) -> Callable[[], object]:
    return partial(softgrad.cross_entropy, logits(case), target(case), reduction="none")


def loss_gradient(case: Case) -> Callable[[], object]:
    _threads(case)
    x, t = logits(case), target(case)
    return partial(softgrad.value_and_grad, softgrad.cross_entropy, x, t)


def softmax_backward(case: Case) -> Callable[[], object]:
    _threads(case)
    p, g = probabilities(case), upstream(case)
    structure = WeightedCentering(p, Axis.of(p, case.axis))
    return partial(structure.mv, g)


def log_softmax_backward(case: Case) -> Callable[[], object]:
    _threads(case)
    p, g = probabilities(case), upstream(case)
    structure = Centering(p, np.ones(p.shape, bool), Axis.of(p, case.axis))
    return partial(structure.rmv, g)


def jacobian_product(case: Case) -> Callable[[], object]:
    _threads(case)
    return partial(softgrad.jacobian(softgrad.softmax, logits(case)).mv, upstream(case))


def dense_jacobian(case: Case) -> Callable[[], object]:
    _threads(case)
    return softgrad.jacobian(softgrad.softmax, logits(case)).to_dense


def sparsemax(case: Case) -> Callable[[], object]:
    return _along_axis(softgrad.sparsemax, case)


def entmax15(case: Case) -> Callable[[], object]:
    return _along_axis(softgrad.entmax, case)


def _with_gradient(loss: Callable[..., object], case: Case) -> Callable[[], object]:
    _threads(case)
    return partial(softgrad.value_and_grad, loss, logits(case), probabilities(case))


def soft_loss_gradient(case: Case) -> Callable[[], object]:
    return _with_gradient(softgrad.cross_entropy, case)


def binary_loss_gradient(case: Case) -> Callable[[], object]:
    return _with_gradient(softgrad.binary_cross_entropy, case)


def softmax_hessian_product(case: Case) -> Callable[[], object]:
    _threads(case)
    p, g = probabilities(case), upstream(case)
    bent = WeightedCentering(p, Axis(-1)).bend(WeightedCentering(g * p, Axis(-1)))
    return partial(bent.mv, g)
