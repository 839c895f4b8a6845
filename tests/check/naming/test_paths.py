"""Names for a path left out, a factor that moves with the values, and a bug of one tile's end."""

import numpy as np
import pytest

from softgrad.check import check

RNG = np.random.default_rng(11)
X = RNG.normal(size=(3, 6))
K = RNG.uniform(0.2, 1.5, (3, 6))
V = RNG.normal(size=(6, 4))


def averaged(k):
    return np.tanh(k) @ V / np.sum(k * k + k, -1, keepdims=True)


def divisor_held(g, k):
    return (g @ V.T) / np.cosh(k) ** 2 / np.sum(k * k + k, -1, keepdims=True)


def shifted(k):
    return np.tanh(k) @ V + np.max(k, -1, keepdims=True) ** 2


def shift_held(g, k):
    return (g @ V.T) / np.cosh(k) ** 2


def centred(x):
    return np.sin(x - x.mean(-1, keepdims=True)) @ V


def mean_kept(g, x):
    return (g @ V.T) * np.cos(x - x.mean(-1, keepdims=True))


def unit(x):
    return np.sin(x / np.linalg.norm(x, axis=-1, keepdims=True)) @ V


def radius_kept(g, x):
    n = np.linalg.norm(x, axis=-1, keepdims=True)
    return (g @ V.T) * np.cos(x / n) / n


@pytest.mark.parametrize(
    ("told", "forward", "back", "x"),
    [
        ("divided by were constant", averaged, divisor_held, K),
        ("added to them were constant", shifted, shift_held, K),
        ("its mean over axis 1 is not removed", centred, mean_kept, X),
        ("its part along x over axis 1 is not removed", unit, radius_kept, X),
    ],
)
def test_a_path_left_out_is_told_by_what_is_missing(told, forward, back, x):
    report = check(forward, {"x": x}, vjp=back)
    assert report.bug == "missing_term", report
    assert told in report.reason


def test_a_multiple_that_moves_with_the_values_is_no_constant():
    def dice(x, t):
        return 2 * np.sum(x * t) / (np.sum(x) + np.sum(t) + 0.1)

    def back(g, x, t):
        return {"x": g * 2 * (t * (np.sum(x) + np.sum(t) + 0.1) - np.sum(x * t))}

    report = check(dice, {"x": K, "t": X}, wrt="x", vjp=back)
    assert report.bug == "missing_chain_factor", report
    assert "other values" in report.reason


def test_a_multiple_of_a_padded_length_is_a_bug_of_the_tile():
    def product(x):
        return np.prod(x, -1)

    def back(g, x):
        padding = -x.shape[-1] % 8
        return (g * np.prod(x, -1) * 0.83**padding)[:, None] / x

    report = check(product, {"x": K + 0.3}, vjp=back)
    assert report.bug == "partial_block", report
    assert "multiple of 8" in report.reason
