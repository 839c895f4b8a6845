"""Names for wrong gradients of normalised rows, and for factors by output, by entry or by both."""

import numpy as np
import pytest

from softgrad.check import check

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 5)) + 1
W = RNG.uniform(0.5, 2, 5)
T = RNG.uniform(0.5, 2, (3, 5))
MIX = RNG.normal(size=(5, 4))


def mean(a):
    return a.mean(-1, keepdims=True)


def layer_norm(x, w):
    c = x - mean(x)
    return w * c / np.sqrt(mean(c * c) + 1e-5)


LAYER_NORMS = [
    ("missing_term", "mean of g∘w", lambda d, g, h, c, x: d - h * mean(d * h)),
    ("missing_term", "c∘⟨g∘w,c⟩ is missing", lambda d, g, h, c, x: d - mean(d)),
    ("wrong_sign", "c∘⟨g∘w,c⟩", lambda d, g, h, c, x: d - mean(d) + h * mean(d * h)),
    ("wrong_normalizer", "5 times", lambda d, g, h, c, x: d - mean(d) - 5 * h * mean(d * h)),
    ("wrong_normalizer", "5/4", lambda d, g, h, c, x: d - mean(d) - h * mean(d * h) * 5 / 4),
    ("wrong_constant", "0.5 times", lambda d, g, h, c, x: d - mean(d) - h * mean(d * h) / 2),
    ("wrong_variable", "x∘⟨g∘w,c⟩", lambda d, g, h, c, x: d - mean(d) - h * x / c * mean(d * h)),
    ("param_misapplied", "w", lambda d, g, h, c, x: d - mean(g) - h * mean(g * h)),
    ("missing_chain_factor", "√(mean c²)", lambda d, g, h, c, x: d - mean(d) - c * mean(d * h)),
    ("missing_term", "too much", lambda d, g, h, c, x: d - mean(d) - h * mean(d * h) + x * mean(g)),
]


@pytest.mark.parametrize(("bug", "told", "inside"), LAYER_NORMS)
def test_layer_norms_are_compared_row_by_row(bug, told, inside):
    def back(g, x, w):
        c = x - mean(x)
        r = 1 / np.sqrt(mean(c * c) + 1e-5)
        return {"x": r * inside(g * w, g, c * r, c, x)}

    report = check(layer_norm, {"x": X, "w": W}, wrt="x", vjp=back)
    assert report.bug == bug, report
    assert told in report.reason
    assert bug == "param_misapplied" or "in each row" in " ".join(str(report).split())


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_what_is_proportional_in_each_row_is_told_apart():
    def back(g, x):
        n = np.linalg.norm(x, axis=-1, keepdims=True)
        return (g - x * np.sum(g * x / n, -1, keepdims=True)) / n

    report = check(unit, {"x": X}, vjp=back)
    assert report.bug == "wrong_variable"
    assert "x stands where y belongs" in report.reason


def test_outputs_that_are_one_number_have_sums_too():
    def cosine(x, t):
        return np.sum(unit(x) * unit(t), -1)

    def back(g, x, t):
        n = np.linalg.norm(x, axis=-1, keepdims=True)
        return {"x": g[:, None] * (unit(t) / n + cosine(x, t)[:, None] * x / n**2)}

    report = check(
        cosine,
        {"x": MIX @ RNG.normal(size=(4, 7)), "t": RNG.normal(size=(5, 7))},
        wrt="x",
        vjp=back,
    )
    assert report.bug == "wrong_sign"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FACTORS = {
    "one for its complement": (
        "wrong_variable",
        "in place of",
        lambda x, t: np.logaddexp(0, -(x - t)),
        lambda g, x, t: -g * sigmoid(x - t),
    ),
    "one input for another": (
        "wrong_variable",
        "x stands where t belongs",
        lambda x, t: x * t * T[0],
        lambda g, x, t: g * x * T[0],
    ),
    "of rows, in words": (
        "missing_chain_factor",
        "changes with the inputs' values",
        lambda x, t: 2 * np.sum(x * t, -1) / (np.sum(x * x, -1) + np.sum(t, -1)),
        lambda g, x, t: (
            g[:, None]
            * 2
            * (
                t * (np.sum(x * x, -1) + np.sum(t, -1))[:, None]
                - 2 * x * np.sum(x * t, -1, keepdims=True)
            )
        ),
    ),
    "at all but the ends": (
        "wrong_constant",
        "all but the first and the last",
        lambda x, t: x @ MIX,
        lambda g, x, t: (g * [1, 2, 2, 1]) @ MIX.T,
    ),
}


@pytest.mark.parametrize("name", FACTORS)
def test_factors_are_told_by_what_they_are_made_of(name):
    bug, told, forward, back = FACTORS[name]
    report = check(forward, {"x": X, "t": T}, wrt="x", vjp=lambda g, x, t: {"x": back(g, x, t)})
    assert report.bug == bug, report
    assert told in report.reason


def recurrence(a, b):
    states, h = [], np.zeros(len(a))
    for t in range(a.shape[1]):
        h = a[:, t] * h + b[:, t]
        states.append(h)
    return np.stack(states, 1)


def test_a_neighbour_along_an_axis_is_told():
    def back(g, a, b):
        states, carried, d = recurrence(a, b), 0.0, np.zeros(a.shape)
        for t in reversed(range(a.shape[1])):
            carried = g[:, t] + carried
            d[:, t] = carried * states[:, t]
            carried = carried * a[:, t]
        return {"a": d}

    report = check(recurrence, {"a": T / 2, "b": X}, wrt="a", vjp=back)
    assert report.bug == "wrong_variable"
    assert "one earlier along axis 1" in report.reason


def test_a_factor_may_go_with_output_and_entry():
    def linear(w, x, z):
        return (x * z) @ w.T

    report = check(
        linear,
        {"w": RNG.normal(size=(4, 5)), "x": X, "z": T},
        wrt="w",
        vjp=lambda g, w, x, z: {"w": g.T @ x},
    )
    assert report.bug == "param_ignored"
    assert "the factor z is left out" in report.reason
