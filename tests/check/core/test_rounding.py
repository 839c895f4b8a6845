"""In few digits an ill conditioned gradient is right as long as only rounding makes it differ."""

import numpy as np
import pytest

import softgrad

torch = pytest.importorskip("torch")


def coldly(x):
    return torch.softmax(x / 0.05, -1)


def confident(x):
    return torch.nn.functional.cross_entropy(x, torch.zeros(len(x), dtype=torch.long))


def normed(x):
    return torch.nn.functional.layer_norm(x, x.shape[-1:])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(2, 2), (1, 7), (3, 40)])
@pytest.mark.parametrize("f", [coldly, confident, normed])
def test_no_false_alarm(f, shape, dtype):
    for seed in range(4):
        scale = (0.1, 1.0, 3.0, 10.0)[seed]
        x = torch.tensor(scale * np.random.default_rng(seed).normal(size=shape)).to(dtype)
        report = softgrad.check(f, (x,), seed=seed, battery=seed == 0)
        assert report.ok is not False, report


class SavedInFewBits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.softmax(x, -1)
        ctx.save_for_backward(y.to(torch.bfloat16))
        return y

    @staticmethod
    def backward(ctx, g):
        y = ctx.saved_tensors[0].to(g.dtype)
        return y * (g - (g * y).sum(-1, keepdim=True))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_too_few_bits_are_no_rounding(dtype):
    x = torch.tensor(np.random.default_rng(0).normal(size=(4, 30))).to(dtype)
    report = softgrad.check(SavedInFewBits.apply, (x,))
    assert (report.ok, report.bug) == (False, "low_precision")
