"""softgrad's public call from a torch tensor to a torch tensor."""

from collections.abc import Callable
from functools import partial

import torch
from bench.contenders.torch_eager import tensor
from bench.kernels.cases import Case, logits

import softgrad


def softmax(case: Case) -> Callable[[], object]:
    torch.set_num_threads(case.threads)
    x = tensor(logits(case))
    if case.axis == -1:
        return partial(softgrad.softmax, x)
    return partial(softgrad.softmax, x, axis=case.axis)
