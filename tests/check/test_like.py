"""``like=``: the family's own truth, and bugs as structural edits of its declaration."""

import numpy as np
import pytest
from check.right import log_softmax, logsumexp, softmax, softmax_back

import softgrad
from softgrad.check import check

X = np.random.default_rng(0).normal(size=(4, 5))
T = np.array([0, 1, 4, 2])


def tempered(x, temperature):
    return softmax(x / temperature)


def smoothed(logits, target, label_smoothing):
    lp = log_softmax(logits)
    picked = lp[np.arange(len(target)), target]
    return (-(1 - label_smoothing) * picked - label_smoothing * lp.mean(-1)).mean()


def plain_back(g, logits, target):
    d = softmax(logits)
    d[np.arange(len(target)), target] -= 1
    return g * d / len(target)


CASES = [
    ("softmax", softmax, lambda g, y, x: g * y * (1 - y), "diagonal_only"),
    ("softmax", softmax, lambda g, y, x: g * y, "diagonal_only"),
    ("softmax", softmax, lambda g, x: g, "identity_jacobian"),
    ("softmax", softmax, lambda g, y, x: softmax_back(g, y, 0), "wrong_axis"),
    ("softmax", softmax, lambda g, y, x: y * (g - (g * y).sum()), "batch_mixed"),
    ("softmax", softmax, lambda g, y, x: -softmax_back(g, y), "wrong_sign"),
    ("softmax", softmax, lambda g, y, x: y * (g - g.mean(-1, keepdims=True)), "wrong_variable"),
    (
        "softmax",
        softmax,
        lambda g, y, x: g - (g * y).sum(-1, keepdims=True),
        "missing_chain_factor",
    ),
    (
        "log_softmax",
        log_softmax,
        lambda g, y, x: g - (np.exp(y) * g).sum(-1, keepdims=True),
        "transposed",
    ),
    ("log_softmax", log_softmax, lambda g, x: g, "identity_jacobian"),
    ("log_softmax", log_softmax, lambda g, y, x: g - np.exp(y) * g.sum(), "batch_mixed"),
    ("logsumexp", logsumexp, lambda g, x: g[:, None] * np.ones_like(x), "missing_chain_factor"),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda g, x: g, "identity_jacobian"),
]


@pytest.mark.parametrize(("like", "f", "back", "bug"), CASES)
def test_an_edit_is_named(like, f, back, bug):
    report = check(f, (X,), vjp=back, like=like)
    assert report.ok is False
    assert report.bug == bug, report
    assert f"that of {like}" in report.reason


@pytest.mark.parametrize(
    ("back", "bug"),
    [
        (lambda g, y, x, temperature: softmax_back(g, y), "param_ignored"),
        (lambda g, y, x, temperature: softmax_back(g, y) / temperature**2, "param_misapplied"),
        (lambda g, y, x, temperature: softmax_back(g, y) * temperature, "param_misapplied"),
    ],
)
def test_a_temperature_left_out_or_twice(back, bug):
    report = check(tempered, {"x": X, "temperature": 2.5}, vjp=back, like="softmax")
    assert report.bug == bug, report


@pytest.mark.parametrize(
    ("back", "bug"),
    [
        (lambda g, logits, target, label_smoothing: plain_back(g, logits, target), "param_ignored"),
        (lambda g, logits, target: 4 * plain_back(g, logits, target), "wrong_normalizer"),
    ],
)
def test_losses(back, bug):
    smoothing = 0.2 if bug == "param_ignored" else 0.0
    inputs = {"logits": X, "target": T, "label_smoothing": smoothing}
    if bug == "param_ignored":
        report = check(smoothed, inputs, vjp=back, like="cross_entropy")
    else:
        f = lambda logits, target: smoothed(logits, target, 0.0)  # noqa: E731
        report = check(f, (X, T), vjp=back, like=softgrad.cross_entropy)
    assert report.bug == bug, report


def test_right_is_right():
    assert check(softmax, (X,), vjp=lambda g, y, x: softmax_back(g, y), like="softmax").ok is True
    along = check(
        lambda x: softmax(x, 0), (X,), vjp=lambda g, y, x: softmax_back(g, y, 0), like="softmax"
    )
    assert along.ok is True


def test_another_function_is_told():
    report = check(np.exp, (X,), vjp=lambda g, y, x: g * y, like="softmax")
    assert report.ok is False
    assert report.bug is None
    assert "the function is not softmax" in report.reason


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "sigmoid", "entmax"])
def test_members_checked_against_themselves(name):
    f = softgrad.functions()[name]
    report = check(f, (X,), vjp=lambda g, x: softgrad.vjp(f, x)[1](g), like=name)
    assert report.ok is True, report
