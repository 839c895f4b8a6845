"""Slopes that round to 0 where the function saturates, and those that are 0 there."""

import numpy as np
import pytest

from softgrad.check import check

X = np.random.default_rng(0).normal(size=(4, 5))
X[0, 1], X[2, 2], X[3, 4], X[1, 1], X[1, 3] = -40.0, -55.0, -120.0, 45.0, 30.0


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def step(x):
    t = np.clip(x / 10 + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def step_slope(x):
    t = np.clip(x / 10 + 0.5, 0, 1)
    return 6 * t * (1 - t) / 10


def hill(x):
    return np.maximum(1 - (x / 10) ** 2, 0) ** 5


def mound(x):
    inside = np.maximum(1 - (x / 10) ** 2, 1e-300)
    return np.where(np.abs(x) < 10, np.exp(-1 / inside), 0)


def mound_slope(x):
    inside = np.maximum(1 - (x / 10) ** 2, 1e-3)
    return -mound(x) * x / 50 / inside**2


def cut(x):
    return np.tanh(np.clip(x, -15, 15))


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (elu, lambda x, y: np.where(x > 0, 1, y + 1)),
        (np.tanh, lambda x, y: 1 - y * y),
        (sigmoid, lambda x, y: y * (1 - y)),
        (lambda x: 3 * np.tanh(x / 2), lambda x, y: 1.5 - y * y / 6),
    ],
    ids=["elu", "tanh", "sigmoid", "scaled"],
)
def test_a_slope_that_cancels_to_zero_is_told(f, slope):
    x = (0.4 * X[1:3]).astype(np.float32)
    report = check(f, (x,), vjp=lambda g, y, x: g * slope(x, y).astype(x.dtype), battery=False)
    assert report.bug == "cancellation_to_zero", report
    claimed = slope(x, f(x))
    assert not claimed[report.wrong["x"]].any()


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (elu, lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0)))),
        (np.tanh, lambda x: np.cosh(x) ** -2),
        (lambda x: np.maximum(x, 0), lambda x: x > 0),
        (lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) < 1),
        (step, step_slope),
        (hill, lambda x: -(np.maximum(1 - (x / 10) ** 2, 0) ** 4) * x / 10),
        (mound, mound_slope),
        (cut, lambda x: np.where(np.abs(x) < 15, np.cosh(np.clip(x, -15, 15)) ** -2, 0)),
        (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    ],
    ids=["elu", "tanh", "relu", "clip", "step", "hill", "mound", "cut", "bell"],
)
def test_a_slope_that_is_zero_is_right(f, slope):
    assert check(f, (X,), vjp=lambda g, x: g * slope(x), battery=False).ok is True


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_target_that_is_met_has_no_gradient(dtype):
    x, t = X.astype(dtype), (X > 0).astype(dtype)

    def loss(x, t):
        return np.maximum(x, 0) - t * x + np.log1p(np.exp(-np.abs(x)))

    report = check(loss, (x, t), wrt="x", vjp=lambda g, x, t: g * (sigmoid(x) - t), battery=False)
    assert report.ok is True, report
