"""torch into memory that is there already."""

from collections.abc import Callable
from functools import partial

import torch
from bench.contenders.torch_eager import saved, settled, tensor
from bench.kernels.cases import Case, upstream


def softmax(case: Case) -> Callable[[], object]:
    x = settled(case)
    return partial(torch.softmax, x, case.axis, out=torch.zeros_like(x))


def log_softmax(case: Case) -> Callable[[], object]:
    x = settled(case)
    return partial(torch.log_softmax, x, case.axis, out=torch.zeros_like(x))


def logsumexp(case: Case) -> Callable[[], object]:
    x = settled(case)
    return partial(torch.logsumexp, x, case.axis, out=torch.logsumexp(x, case.axis))


def softmax_backward(case: Case) -> Callable[[], object]:
    p, g = saved(case)
    backward = torch.ops.aten._softmax_backward_data.out
    return partial(backward, g, p, case.axis, p.dtype, grad_input=torch.zeros_like(g))


def log_softmax_backward(case: Case) -> Callable[[], object]:
    y, g = torch.log_softmax(settled(case), case.axis), tensor(upstream(case))
    backward = torch.ops.aten._log_softmax_backward_data.out
    return partial(backward, g, y, case.axis, y.dtype, out=torch.zeros_like(g))


def jacobian_product(case: Case) -> Callable[[], object]:
    return softmax_backward(case)
