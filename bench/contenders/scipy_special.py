"""``scipy.special``."""

from collections.abc import Callable
from functools import partial

import numpy as np
from bench.kernels.cases import Case, logits, target
from scipy import special


def softmax(case: Case) -> Callable[[], object]:
    return partial(special.softmax, logits(case), axis=case.axis)


def log_softmax(case: Case) -> Callable[[], object]:
    return partial(special.log_softmax, logits(case), axis=case.axis)


def logsumexp(case: Case) -> Callable[[], object]:
    return partial(special.logsumexp, logits(case), axis=case.axis)


def losses(case: Case) -> Callable[[], object]:
    x, chosen = logits(case), target(case)[:, None]
    return lambda: -np.take_along_axis(special.log_softmax(x, axis=-1), chosen, -1)[:, 0]


def loss(case: Case) -> Callable[[], object]:
    of_rows = losses(case)
    return lambda: of_rows().mean()
