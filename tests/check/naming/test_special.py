"""Names told by where the example lies, by what goes to a wrong place, by every wrong input."""

import numpy as np
import pytest

from softgrad.check import check

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 6))
Y = RNG.normal(size=(4, 6))


def mixed(x, y):
    return np.logaddexp(x, y)


def mixed_back(g, x, y):
    share = 1 / (1 + np.exp(y - x))
    tie = x == y
    return np.where(tie, -g / 2, g * share), np.where(tie, 3 * g / 2, g * (1 - share))


def test_wrong_exactly_where_two_inputs_are_equal():
    x = np.where(X > 0.3, Y, X)
    report = check(mixed, (x, Y), vjp=mixed_back)
    assert report.bug == "kink_or_tie"
    assert report.reason == "wrong exactly where x and y are equal"


def test_a_tie_found_by_the_battery_is_no_wrong_sign():
    report = check(mixed, (X, Y), vjp=mixed_back)
    assert report.bug == "kink_or_tie"
    assert report.trigger == "x and y are equal"


def test_a_bug_that_stays_where_nothing_ties_is_none_of_the_ties():
    whole = RNG.integers(-2, 3, X.shape).astype(float)
    assert check(np.tanh, (whole,), vjp=lambda g, y, x: g * (1 + y * y)).bug != "kink_or_tie"


def stairs(x):
    return np.round(4 * x) / 4


@pytest.mark.parametrize("back", [lambda g, x: g, lambda g, x: g * (np.abs(x) < 1)])
def test_a_staircase_is_called_one(back):
    report = check(stairs, (X,), vjp=back)
    assert report.ok is False
    assert report.bug is None
    assert "moves in steps" in report.reason
    assert "straight-through" in report.fix


def test_a_flat_part_is_no_staircase():
    report = check(lambda x: np.maximum(x, 0), (-1 - X**2,), vjp=lambda g, x: g, battery=False)
    assert report.ok is False
    assert "steps" not in report.reason


def test_what_is_named_for_one_input_tells_of_the_other():
    mixing = RNG.normal(size=(6, 6))
    report = check(
        lambda x, y: np.sin(x) + np.exp(y),
        (X, Y),
        vjp=lambda g, x, y: (-g * np.cos(x), g @ mixing),
    )
    assert report.bug == "wrong_sign"
    assert report.reason.startswith("x: ")
    assert any(fact.startswith("y: ") for fact in report.evidence)


def turned(x):
    half = x.shape[-1] // 2
    return np.concatenate([-x[..., half:], x[..., :half]], -1)


def rotary(x, cos, sin):
    return x * cos + turned(x) * sin


def test_a_table_whose_halves_are_exchanged():
    inputs = {"x": RNG.normal(size=(3, 5, 8)), "cos": RNG.normal(size=(5, 8))}
    inputs["sin"] = RNG.normal(size=(5, 8))

    def back(g, x, cos, sin):
        return g * cos - turned(g) * sin

    report = check(rotary, inputs, wrt="x", vjp=back)
    assert report.ok is False
    assert "the halves of sin along axis 1 exchanged" in report.reason


def bag(table, idx):
    return (table[idx] * (idx >= 0)[..., None]).sum(1)


def test_an_index_that_counts_from_the_end():
    def back(g, table, idx):
        d = np.zeros_like(table)
        np.add.at(d, idx, np.broadcast_to(g[:, None], (*idx.shape, g.shape[-1])))
        return d

    idx = np.array([[0, 1, -1], [2, 5, 1], [3, -1, -1]])
    report = check(bag, {"table": RNG.normal(size=(6, 4)), "idx": idx}, wrt="table", vjp=back)
    assert report.bug == "index_wrap"
    assert "idx = −1" in report.reason


def test_an_offset_with_the_length_of_another_axis():
    def back(g, x):
        rows, columns = x.shape
        at = np.arange(columns)[None] + rows * np.arange(rows)[:, None]
        return g.ravel()[at % g.size] * 2

    report = check(lambda x: 2 * x, (RNG.normal(size=(5, 3)),), vjp=back)
    assert report.bug == "index_wrap"
    assert "axes 0 and 1 have one length" in report.reason
    assert check(lambda x: 2 * x, (RNG.normal(size=(4, 4)),), vjp=back).ok is False


def test_only_one_use_of_an_index_is_said_where_it_is_so():
    idx = np.array([0, 2, 2, 1, 0])

    def back(g, x, idx):
        d = np.zeros_like(x)
        d[idx] = g
        return d

    report = check(lambda x, idx: x[idx], {"x": X, "idx": idx}, wrt="x", vjp=back)
    assert report.bug == "scatter_overwrite"
    assert "where idx repeats" in report.reason
