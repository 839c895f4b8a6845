"""bfloat16 and float16 through the public functions: each result is rounded once."""

import ml_dtypes
import numpy as np
import pytest
import torch
from support.cases import FUNCTIONS

import softgrad

DIGITS = {"bfloat16": (ml_dtypes.bfloat16, 8, -126), "float16": (np.float16, 11, -14)}
"""Each dtype, its digits, and the exponent of its smallest normal number."""

NEAR = 0.6
"""Half an ulp for the rounding, and what float32 was off by before."""

MAPS = [f for f in FUNCTIONS.values() if "target" not in f.parameters]


def off(found: np.ndarray, exact: np.ndarray, digits: int, lowest: int) -> float:
    """Return the largest error in ulp."""
    exponent = np.floor(np.log2(np.maximum(np.abs(exact), 2.0**lowest)))
    return float((np.abs(found - exact) / np.exp2(exponent - digits + 1)).max())


@pytest.mark.parametrize("dtype", DIGITS)
@pytest.mark.parametrize("f", MAPS, ids=lambda f: f.name)
class TestEveryFunction:
    @pytest.fixture
    def exact(self, f, dtype):
        rng = np.random.default_rng(0)
        kind = DIGITS[dtype][0]
        x = (3 * rng.standard_normal((16, 300))).astype(kind).astype(float)
        y, pullback = softgrad.vjp(f, x)
        g = rng.standard_normal(y.shape).astype(kind).astype(float)
        return x, y, g, pullback(g)

    def test_numpy(self, f, dtype, exact):
        kind, *digits = DIGITS[dtype]
        x, y, g, slope = exact
        value, pullback = softgrad.vjp(f, x.astype(kind))
        for found, expected in (
            (f(x.astype(kind)), y),
            (value, y),
            (pullback(g.astype(kind)), slope),
        ):
            assert found.dtype == kind
            assert off(found.astype(float), expected, *digits) < NEAR

    def test_torch(self, f, dtype, exact):
        _, *digits = DIGITS[dtype]
        x, g = (torch.from_numpy(exact[k]).to(getattr(torch, dtype)) for k in (0, 2))
        leaf = x.clone().requires_grad_()
        value = f(leaf)
        value.backward(g)
        for found, expected in ((f(x), exact[1]), (value, exact[1]), (leaf.grad, exact[3])):
            assert found.dtype == x.dtype
            assert off(found.detach().double().numpy(), expected, *digits) < NEAR
