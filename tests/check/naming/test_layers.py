"""Bugs of layers: pooling, slopes per channel, distances, targets, caches, several outputs."""

import numpy as np
import pytest

from softgrad.check import check
from softgrad.check.naming import diagnose

RNG = np.random.default_rng(0)
WINDOW = 4


def max_pool(x):
    return np.stack([x[:, i : i + 3].max(1) for i in range(0, x.shape[1] - 2, 2)], 1)


def max_pool_vjp(add):
    def backward(g, x):
        d = np.zeros_like(x)
        for k, i in enumerate(range(0, x.shape[1] - 2, 2)):
            at = np.arange(len(x)), i + x[:, i : i + 3].argmax(1)
            d[at] = g[:, k] + (d[at] if add else 0.0)
        return d

    return backward


def mean_pool(x):
    return np.stack([x[:, i : i + WINDOW].mean(1) for i in range(0, x.shape[1], WINDOW)], 1)


def mean_pool_vjp(clipped):
    def backward(g, x):
        d = np.zeros_like(x)
        for k, i in enumerate(range(0, x.shape[1], WINDOW)):
            size = min(WINDOW, x.shape[1] - i) if clipped else WINDOW
            d[:, i : i + WINDOW] = g[:, k, None] / size
        return d

    return backward


def prelu(x, slope):
    return np.where(x > 0, x, slope[:, None] * x)


def prelu_vjp(kept):
    def backward(g, x, slope):
        d = np.where(x > 0, 0.0, g * x)
        return np.where(x > 0, g, g * slope[:, None]), d.sum((0, 3 - kept))

    return backward


def distances(x, c):
    return (x * x).sum(1)[:, None] + (c * c).sum(1) - 2 * x @ c.T


def distances_vjp(keepdims):
    def backward(g, x, c):
        rows = g.sum(1, keepdims=keepdims)
        return 2 * (rows * x - g @ c), 2 * (g.sum(0)[:, None] * c - g.T @ x)

    return backward


def log_softmax(z):
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def regression(w, features, t):
    return -(t * log_softmax(features @ w)).sum()


def regression_vjp(mass):
    def backward(g, w, features, t):
        total = t.sum(1, keepdims=True) if mass else 1.0
        return g * features.T @ (np.exp(log_softmax(features @ w)) * total - t)

    return backward


def largest(x):
    return x.max(1)


def largest_vjp(keep):
    seen = {}

    def backward(g, x):
        at = seen.setdefault(x.shape, x.argmax(1)) if keep else x.argmax(1)
        d = np.zeros_like(x)
        np.put_along_axis(d, at[:, None], g[:, None], 1)
        return d

    return backward


def two_outputs(x):
    p = np.exp(log_softmax(x))
    return p, (p * p).sum(1)


def two_outputs_vjp(both):
    def backward(g, x):
        p = np.exp(log_softmax(x))
        d = g[0] + (2 * p * g[1][:, None] if both else 0.0)
        return p * (d - (d * p).sum(1, keepdims=True))

    return backward


def dropped(x):
    return np.where(x == 0, 0.0, 2.0 * x)


def dropped_vjp(right):
    def backward(g, x):
        return 2.0 * g if right else np.where(x == 0, 0.0, 2.0 * g)

    return backward


def sparse(shape):
    return np.where(RNG.random(shape) < 0.5, 0.0, RNG.normal(size=shape))


MULTI_HOT = (RNG.random((6, 5)) < 0.5) + np.eye(6, 5)

TABLE = {
    "scatter_overwrite": (max_pool, max_pool_vjp, (False, True), {"x": RNG.normal(size=(4, 9))}),
    "partial_block": (mean_pool, mean_pool_vjp, (False, True), {"x": RNG.normal(size=(3, 11))}),
    "wrong_axis": (
        prelu,
        prelu_vjp,
        (2, 1),
        {"x": RNG.normal(size=(3, 4, 4)), "slope": RNG.uniform(0.1, 0.4, 4)},
    ),
    "accidental_broadcast": (
        distances,
        distances_vjp,
        (False, True),
        {"x": RNG.normal(size=(5, 5)), "c": RNG.normal(size=(3, 5))},
    ),
    "assumes_normalized_target": (
        regression,
        regression_vjp,
        (False, True),
        {"w": RNG.normal(size=(4, 5)), "features": RNG.normal(size=(6, 4)), "t": MULTI_HOT},
    ),
    "stale_state": (largest, largest_vjp, (True, False), {"x": RNG.normal(size=(4, 7))}),
    "ignores_upstream": (
        two_outputs,
        two_outputs_vjp,
        (False, True),
        {"x": RNG.normal(size=(3, 4))},
    ),
    "kink_or_tie": (dropped, dropped_vjp, (False, True), {"x": sparse((4, 6))}),
}


def wrt(inputs):
    return tuple(name for name in inputs if name not in ("features", "t"))


@pytest.mark.parametrize("bug", TABLE)
def test_the_bug_is_named(bug):
    f, made, (wrong, _), inputs = TABLE[bug]
    report = check(f, inputs, wrt=wrt(inputs), vjp=made(wrong))
    assert (report.ok, report.bug) == (False, bug), report


@pytest.mark.parametrize("bug", TABLE)
def test_the_right_one_passes(bug):
    f, made, (_, right), inputs = TABLE[bug]
    report = check(f, inputs, wrt=wrt(inputs), vjp=made(right))
    assert report.ok, report


def test_parts_of_an_axis_are_not_cut_so_that_they_broadcast():
    def gated(a, c):
        one, two = a[:, : a.shape[1] // 2], a[:, a.shape[1] // 2 :]
        return one * two * c

    def backward(g, a, c):
        one, two = a[:, : a.shape[1] // 2], a[:, a.shape[1] // 2 :]
        return np.concatenate([g * two * c, g * one * c], 1), g * one * two

    inputs = {"a": RNG.normal(size=(2, 6)), "c": RNG.normal(size=(2, 3))}
    assert check(gated, inputs, vjp=backward).ok


def test_a_verdict_outlives_a_failure_to_name(monkeypatch):
    def breaks(*_):
        raise ZeroDivisionError("no such thing")

    monkeypatch.setattr(diagnose, "named", breaks)
    report = check(np.tanh, (RNG.normal(size=5),), vjp=lambda g, x: g * (1 - x * x))
    assert report.ok is False
    assert "ZeroDivisionError" in str(report)
