"""What is handed to an audit, and what it refuses."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from audit.layers.networks import Linear, X

import softgrad
from softgrad.errors import ArgumentError, ArgumentTypeError


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"seed": -1}, ArgumentError, "seed must be an integer ≥ 0; got -1"),
        ({"seed": 0.5}, ArgumentError, "seed must be an integer ≥ 0; got 0.5"),
        ({"loss": 3}, ArgumentTypeError, "loss must be callable; got int"),
        ({"framework": "mxnet"}, ArgumentError, "one of torch, jax, numpy; got 'mxnet'"),
    ],
)
def test_misuse_is_told(options, error, words):
    with pytest.raises(error, match=words):
        softgrad.audit([Linear(4, 3)], X, **options)


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_a_model_must_be_callable(framework):
    pytest.importorskip(framework)
    with pytest.raises(ArgumentTypeError, match=r"model must be callable, .*; got list"):
        softgrad.audit([1], X, framework=framework)


def test_a_library_that_is_not_audited_is_named(monkeypatch):
    engines = import_module("softgrad.audit.engines")
    monkeypatch.setattr(engines, "frame_of", lambda _: SimpleNamespace(name="mxnet"))
    with pytest.raises(ArgumentError, match="models of mxnet cannot be audited; of torch, jax"):
        softgrad.audit(lambda x: x, X)


def test_a_model_that_tells_nothing_is_of_a_library_that_is_loaded():
    torch = pytest.importorskip("torch")
    weight = torch.ones(3, requires_grad=True)
    report = softgrad.audit(lambda x: (weight * torch.as_tensor(x)).sum(), np.ones(3))
    assert report.ok and "torch.Tensor.sum" in str(report)


def test_what_a_model_raises_is_its_own():
    with pytest.raises(ValueError, match="matmul"):
        softgrad.audit([Linear(4, 3)], np.ones((2, 7)))


def test_progress_is_told():
    told = []
    softgrad.audit([Linear(4, 3), Linear(3, 2)], X, progress=lambda *each: told.append(each))
    assert told == [(0, 2, "Linear"), (1, 2, "Linear")]


def test_a_seed_repeats_itself():
    reports = [softgrad.audit([Linear(4, 3)], X, seed=5).to_json() for _ in range(2)]
    assert reports[0] == reports[1]
