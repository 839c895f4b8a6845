"""What ``torch.compile`` makes of the line one would write."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from bench.contenders.torch_eager import saved, settled, tensor
from bench.kernels.cases import Case, target, upstream
from torch.nn import functional as F


def compiled(function: Callable, *given: Any) -> Callable[[], object]:
    """Return a call of the function, compiled for these shapes alone."""
    torch._dynamo.reset()
    return partial(torch.compile(function, dynamic=False), *given)


def softmax(case: Case) -> Callable[[], object]:
    return compiled(lambda x: torch.softmax(x, case.axis), settled(case))


def log_softmax(case: Case) -> Callable[[], object]:
    return compiled(lambda x: torch.log_softmax(x, case.axis), settled(case))


def logsumexp(case: Case) -> Callable[[], object]:
    return compiled(lambda x: torch.logsumexp(x, case.axis), settled(case))


def loss(case: Case) -> Callable[[], object]:
    return compiled(F.cross_entropy, settled(case), tensor(target(case)))


def losses(case: Case) -> Callable[[], object]:
    of_rows = partial(F.cross_entropy, reduction="none")
    return compiled(of_rows, settled(case), tensor(target(case)))


def loss_gradient(case: Case) -> Callable[[], object]:
    x, t = settled(case).detach().requires_grad_(), tensor(target(case))
    forward = compiled(F.cross_entropy, x, t)

    def call() -> object:
        value = forward()
        return value, *torch.autograd.grad(value, x)

    return call


def softmax_backward(case: Case) -> Callable[[], object]:
    p, g = saved(case)
    return compiled(lambda p, g: p * (g - (g * p).sum(case.axis, keepdim=True)), p, g)


def log_softmax_backward(case: Case) -> Callable[[], object]:
    y, g = torch.log_softmax(settled(case), case.axis), tensor(upstream(case))
    return compiled(lambda y, g: g - y.exp() * g.sum(case.axis, keepdim=True), y, g)


def jacobian_product(case: Case) -> Callable[[], object]:
    return softmax_backward(case)
