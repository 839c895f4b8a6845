"""tinygrad: lazy tensors; without a C compiler its interpreter in Python runs them."""

import os
import shutil

if shutil.which("clang") is None:
    os.environ.setdefault("DEV", "PYTHON")

import numpy as np
import pytest

reason = "needs tinygrad, which the part of CI for optional libraries installs"
tinygrad = pytest.importorskip("tinygrad", reason=reason)

from softgrad.check import check  # noqa: E402

X = np.random.default_rng(0).normal(size=(2, 3))
T = tinygrad.Tensor(X)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right(dtype):
    report = check(lambda x: x.softmax(-1), (T.cast(dtype),))
    assert report.ok is True, report


def test_wrong():
    assert check(lambda x: x * x.detach(), (T,)).bug == "wrong_constant"


def test_trees():
    def f(x, p):
        return {"y": (x @ p["w"].detach()) * p["w"].sum(), "none": None}

    report = check(f, (T, {"w": tinygrad.Tensor(X.T.copy())}))
    assert {name for name, mask in report.wrong.items() if mask.any()} == {"p['w']"}


def test_random_numbers_are_frozen_and_then_go_on():
    tinygrad.Tensor.manual_seed(3)
    expected = tinygrad.Tensor.rand(2).numpy()
    tinygrad.Tensor.manual_seed(3)
    assert check(lambda x: x * tinygrad.Tensor.rand(2, 3), (T,), battery=False).ok is True
    assert np.array_equal(tinygrad.Tensor.rand(2).numpy(), expected)


def test_a_hand_written_claim():
    report = check(lambda x: x.softmax(-1), (T,), vjp=lambda g, y, x: g * y * (1 - y))
    assert report.bug == "diagonal_only"


def test_numpy_arrays_become_the_library_s():
    assert check(lambda x: x.sin(), (X,), framework="tinygrad", battery=False).ok is True
