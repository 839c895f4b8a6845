"""Examples that hide a wrong gradient: at a kink, or in a precision of few digits."""

import ml_dtypes
import numpy as np
import pytest
from check.right import softmax, softmax_back

import softgrad
from softgrad.check import check

NEAR_A_KINK = np.array([[1.25, 0.5, -0.5, 1.0], [2.328125, 1.3203125, -2.0, -0.75]])
"""In the second row, rounding to 8 bits decides whether an entry is in sparsemax's support."""


def sparsemax(x):
    return softgrad.sparsemax(x)


def sparsemax_back(g, x):
    return softgrad.vjp(softgrad.sparsemax, x)[1](g)


def diagonal_only(g, x):
    return g * (sparsemax(x) > 0)


def unweighted_mean(g, x):
    p = softmax(x.astype("f8"))
    return (p * (g - g.mean(-1, keepdims=True))).astype(x.dtype)


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, np.float16])
def test_what_a_kink_hides_is_found_elsewhere(dtype):
    x = NEAR_A_KINK.astype(dtype)
    assert check(sparsemax, (x,), vjp=sparsemax_back).ok is not False
    report = check(sparsemax, (x,), vjp=diagonal_only)
    assert report.ok is False
    assert report.bug == "diagonal_only"


def test_the_report_says_what_the_example_hid():
    x = NEAR_A_KINK.astype(ml_dtypes.bfloat16)
    report = check(sparsemax, (x,), vjp=diagonal_only)
    assert report.trigger == "the inputs are float64"
    assert "at the example: the derivative cannot be measured here" in str(report)
    assert check(sparsemax, (x,), vjp=diagonal_only, battery=False).ok is None


@pytest.mark.parametrize("seed", range(6))
def test_few_digits_hide_no_wrong_mean(seed):
    def forward(x):
        return softmax(x.astype("f8")).astype(x.dtype)

    def backward(g, x):
        return softmax_back(g.astype("f8"), softmax(x.astype("f8"))).astype(x.dtype)

    x = np.random.default_rng(seed).normal(size=(4, 5)).astype(ml_dtypes.bfloat16)
    assert check(forward, (x,), vjp=backward).ok is True
    report = check(forward, (x,), vjp=unweighted_mean)
    assert report.ok is False
    assert report.bug == "wrong_variable"
