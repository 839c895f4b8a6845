"""torch as a user calls it: every call returns a new tensor."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from bench.kernels.cases import Case, logits, probabilities, target, upstream
from torch.nn import functional as F


def tensor(x: np.ndarray) -> torch.Tensor:
    """Return a tensor on the memory of an array."""
    if x.dtype.name == "bfloat16":
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


def settled(case: Case) -> torch.Tensor:
    """Return the logits, with torch set to the threads asked for."""
    torch.set_num_threads(case.threads)
    return tensor(logits(case))


def saved(case: Case) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what softmax's backward pass is given: the value and the upstream gradient."""
    torch.set_num_threads(case.threads)
    return tensor(probabilities(case)), tensor(upstream(case))


def softmax(case: Case) -> Callable[[], object]:
    return partial(torch.softmax, settled(case), case.axis)


def log_softmax(case: Case) -> Callable[[], object]:
    return partial(torch.log_softmax, settled(case), case.axis)


def logsumexp(case: Case) -> Callable[[], object]:
    return partial(torch.logsumexp, settled(case), case.axis)


def loss(case: Case) -> Callable[[], object]:
    return partial(F.cross_entropy, settled(case), tensor(target(case)))


def losses(case: Case) -> Callable[[], object]:
    return partial(F.cross_entropy, settled(case), tensor(target(case)), reduction="none")


def loss_gradient(case: Case) -> Callable[[], object]:
    x, t = settled(case).detach().requires_grad_(), tensor(target(case))

    def call() -> object:
        value = F.cross_entropy(x, t)
        return value, *torch.autograd.grad(value, x)

    return call


def softmax_backward(case: Case) -> Callable[[], object]:
    p, g = saved(case)
    return partial(torch._softmax_backward_data, g, p, case.axis, p.dtype)


def log_softmax_backward(case: Case) -> Callable[[], object]:
    y, g = torch.log_softmax(settled(case), case.axis), tensor(upstream(case))
    return partial(torch._log_softmax_backward_data, g, y, case.axis, y.dtype)


def jacobian_product(case: Case) -> Callable[[], object]:
    return softmax_backward(case)


def dense_jacobian(case: Case) -> Callable[[], object]:
    return partial(torch.func.jacrev(partial(torch.softmax, dim=-1)), settled(case))


def _with_gradient(loss: Callable[..., torch.Tensor], case: Case) -> Callable[[], object]:
    x, y = settled(case).detach().requires_grad_(), tensor(probabilities(case))

    def call() -> object:
        value = loss(x, y)
        return value, *torch.autograd.grad(value, x)

    return call


def soft_loss_gradient(case: Case) -> Callable[[], object]:
    return _with_gradient(F.cross_entropy, case)


def binary_loss_gradient(case: Case) -> Callable[[], object]:
    return _with_gradient(F.binary_cross_entropy_with_logits, case)
