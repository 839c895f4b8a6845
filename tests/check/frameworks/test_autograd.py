"""HIPS autograd: NumPy arrays, so it is named by ``framework=``."""

import numpy as np
import pytest

pytest.importorskip("autograd")

import autograd.numpy as anp
from autograd.extend import defjvp, defvjp, primitive

from softgrad.check import check

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2))


def softmax(x):
    e = anp.exp(x - anp.max(x, -1, keepdims=True))
    return e / anp.sum(e, -1, keepdims=True)


def sine(vjp=1, jvp=1):
    f = primitive(lambda x: np.sin(x))
    defvjp(f, lambda y, x: lambda g: vjp * g * anp.cos(x))
    defjvp(f, lambda t, y, x: jvp * t * anp.cos(x))
    return f


def shortened(x):
    """Return softmax with a gradient that knows no gradient of its own."""
    f = primitive(lambda x: softmax(x))
    total = primitive(lambda g, y: y * (g - (g * y).sum(-1, keepdims=True)))
    defvjp(total, lambda d, g, y: lambda h: total(h, y), lambda d, g, y: lambda h: 0 * h)
    defvjp(f, lambda y, x: lambda g: total(g, y))
    return f(x)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "f", [softmax, sine(), lambda x: anp.sum(x**2), lambda x: (x, x * x), lambda x: np.ones(2)]
)
def test_right(f, dtype):
    report = check(f, (X.astype(dtype),), framework="autograd")
    assert report.ok is True, report


@pytest.mark.parametrize(
    ("f", "bug"),
    [
        (sine(vjp=-1), "wrong_sign"),
        (sine(jvp=3), "forward_mode_wrong"),
        (shortened, "second_derivative_lost"),
    ],
)
def test_wrong(f, bug):
    assert check(f, (X,), framework="autograd").bug == bug


def test_trees():
    def f(x, p):
        return {"y": sine(-1)(anp.dot(x, p["w"])), "none": None, "n": 2}

    report = check(f, (X, {"w": W}), framework="autograd")
    assert list(report.wrong) == ["x", "p['w']"]


def test_a_hand_written_claim():
    right = check(softmax, (X,), vjp=lambda g, y, x: y * (g - (g * y).sum(-1, keepdims=True)),
                  framework="autograd")  # fmt: skip
    assert right.ok is True
