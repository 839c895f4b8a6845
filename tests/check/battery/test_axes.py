"""Axes between the first and the last: longer together, and each by itself."""

import numpy as np
import pytest
from check.right import softmax

from softgrad.check import check

RNG = np.random.default_rng(4)
SEQUENCES = RNG.normal(size=(2, 3, 4))
SQUARE = RNG.normal(size=(2, 4, 4))


def last_three(x):
    """Sum the last three steps of a sequence."""
    kept = np.arange(x.shape[1])[:, None] - np.arange(x.shape[1])
    return ((kept >= 0) & (kept < 3)) @ x


def up(x):
    return x.repeat(2, 1).repeat(2, 2)


def down(g):
    n, h, w = g.shape
    return g.reshape(n, h // 2, 2, w // 2, 2).sum((2, 4))


def down_by_height(g, x):
    n, h, w = g.shape
    rows, columns = 2 * np.arange(h // 2)[:, None], 2 * np.arange(w // 2)
    flat = g.reshape(n, -1)
    parts = ((rows + a) * h + columns + b for a in (0, 1) for b in (0, 1))
    return sum(flat[:, part % (h * w)] for part in parts)


@pytest.mark.parametrize(
    ("f", "back", "x", "trigger"),
    [
        (
            last_three,
            lambda g, x: np.tril(np.ones(2 * x.shape[1:2])).T @ g,
            SEQUENCES,
            "axis 1 of x is 6 long",
        ),
        (up, down_by_height, SQUARE, "axis 1 of x is 8 long and no other"),
        (
            up,
            lambda g, x: down(g) * (1 if x.shape[1] < 6 else 2),
            RNG.normal(size=(2, 3, 5)),
            "axis 1 of x is 6 long",
        ),
    ],
    ids=["a window", "height for width", "an output that grows twice as fast"],
)
def test_an_inner_axis_of_another_length_is_tried(f, back, x, trigger):
    assert check(f, (x,), vjp=back, battery=False).ok is True
    report = check(f, (x,), vjp=back)
    assert report.ok is False
    assert report.trigger == trigger


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 4, 4), (3, 3, 3), (1, 2, 1, 4)])
def test_right_code_of_any_shape_is_left_alone(shape):
    x = RNG.normal(size=shape)
    assert x.ndim > 3 or check(up, (x,), vjp=lambda g, x: down(g)).ok
    assert check(softmax, (x,), vjp=lambda g, y, x: y * (g - (g * y).sum(-1, keepdims=True))).ok


def test_code_for_squares_alone_says_so_by_its_shape():
    def back(g, x):
        return down(g)[:, : x.shape[2]]

    assert check(up, (SQUARE,), vjp=back, battery=["one axis of several"]).ok is True


def test_added_steps_that_are_not_read_are_no_example():
    def f(x, n):
        return x[:, : n[0]] ** 2

    def back(g, x, n):
        d = np.zeros_like(x)
        d[:, : n[0]] = 2 * g * x[:, : n[0]]
        return d

    assert check(f, (SEQUENCES, np.array([3])), wrt="x", vjp=back).ok is True
