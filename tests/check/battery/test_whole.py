"""Whole-number parameters are varied, and right code that stands on one of them is left alone."""

import numpy as np
import pytest

from softgrad.check import check
from softgrad.check.battery.whole import Near, neighbours

X = np.random.default_rng(8).normal(size=(3, 12))


def windows(x, window, stride):
    starts = range(0, x.shape[-1] - window + 1, stride)
    return np.stack([x[:, s : s + window] for s in starts], 1)


def pool(x, window, stride):
    return windows(x, window, stride).max(-1)


def scattered(add):
    def back(g, x, window, stride):
        d = np.zeros_like(x)
        at = windows(x, window, stride).argmax(-1) + stride * np.arange(g.shape[1])
        rows = np.broadcast_to(np.arange(len(x))[:, None], at.shape)
        if add:
            np.add.at(d, (rows, at), g)
        else:
            d[rows, at] = g
        return d

    return back


def shifted(x, offset=0):
    return np.roll(x, offset, -1) * np.arange(x.shape[-1])


def root(x, iterations):
    y = 1 + x * x
    for _ in range(iterations):
        y = (y + (1 + x * x) / y) / 2
    return y


def picked(x, k):
    return x[:, min(k, x.shape[1] - 1)] ** 2


def picked_back(g, x, k):
    d = np.zeros_like(x)
    if k < x.shape[1]:
        d[:, k] = 2 * x[:, k] * g
    return d


@pytest.mark.parametrize(
    ("current", "near"),
    [
        (0, [1, 2]),
        (1, [2]),
        (2, [3, 4, 1]),
        (7, [8, 14, 6, 1, 3]),
        (1234, [1235, 1233]),
        (-100, []),
    ],
)
def test_neighbours_are_steps_that_end(current, near):
    assert list(neighbours(current)) == [Near(n) for n in near]


@pytest.mark.parametrize(
    ("f", "back", "parameters", "trigger"),
    [
        (pool, scattered(add=False), {"window": 3, "stride": 3}, "window is 6"),
        (shifted, lambda g, x, offset: g * np.arange(12), {"offset": 0}, "offset is 1"),
        (shifted, lambda g, x, offset=0: g * np.arange(12), {}, "offset is 1"),
    ],
)
def test_a_gradient_for_one_number_only_is_caught(f, back, parameters, trigger):
    inputs = {"x": X, **parameters}
    assert check(f, inputs, wrt="x", vjp=back, battery=False).ok is True
    report = check(f, inputs, wrt="x", vjp=back)
    assert report.ok is False
    assert report.trigger == trigger


@pytest.mark.parametrize(
    ("f", "back", "parameters"),
    [
        (pool, scattered(add=True), {"window": 3, "stride": 3}),
        (pool, scattered(add=True), {"window": 2, "stride": 1}),
        (root, lambda g, x, iterations: g * x / np.sqrt(1 + x * x), {"iterations": 30}),
        (picked, picked_back, {"k": 6}),
        (lambda x, bits: np.round(x * 2**bits) / 2**bits + x, lambda g, x, bits: g, {"bits": 8}),
    ],
    ids=["pool", "overlapping pool", "the limit of an iteration", "a clamped index", "steps"],
)
def test_right_code_is_left_alone(f, back, parameters):
    inputs = {"x": X, **parameters}
    assert check(f, inputs, wrt="x", vjp=back, battery=["whole numbers"]).ok is not False
