"""The calculus asked for what it cannot do, and arrays at the edge of what it can."""

import re
import tracemalloc

import numpy as np
import pytest
from support.cases import FUNCTIONS, bare, cases

import softgrad
from softgrad.errors import ArgumentError, ArgumentTypeError

X = np.zeros((2, 3))
ACTIONS = {
    "vjp": lambda f, *a, **k: softgrad.vjp(f, *a, **k),
    "jvp": lambda f, *a, **k: softgrad.jvp(f, *a, tangent=X, **k),
    "hvp": lambda f, *a, **k: softgrad.hvp(f, *a, tangent=X, cotangent=X, **k),
    "jacobian": lambda f, *a, **k: softgrad.jacobian(f, *a, **k),
    "linearize": lambda f, *a, **k: softgrad.linearize(f, *a, **k),
    "value_and_grad": lambda f, *a, **k: softgrad.value_and_grad(f, *a, **k),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("f", [np.tanh, lambda x: x, "softmax"], ids=["tanh", "lambda", "text"])
def test_a_function_not_of_the_family(action, f):
    with pytest.raises(ArgumentTypeError, match=rf"\.{action}.*torch\.func.*softgrad\.check"):
        ACTIONS[action](f, X)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("wrt", "words"),
    [
        ("logits", r"x, bias, temperature.*'logits'"),
        ("axis", r"x, bias, temperature.*'axis'"),
        (("x", "x"), "each once"),
        ((), "at least one"),
        ("bias", r"'bias'.*not a floating array"),
    ],
)
def test_unknown_wrt(action, wrt, words):
    with pytest.raises(ArgumentError, match=words):
        ACTIONS[action](softgrad.softmax, X, wrt=wrt)


@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 3, 1), ()], ids=str)
def test_wrong_shapes_of_directions(shape):
    wrong = np.zeros(shape)
    role = rf"must have shape \(2, 3\); got {re.escape(str(shape))}"
    with pytest.raises(ArgumentError, match=f"cotangent {role}"):
        softgrad.vjp(softgrad.softmax, X)[1](wrong)
    with pytest.raises(ArgumentError, match=f"tangent of x {role}"):
        softgrad.jvp(softgrad.softmax, X, tangent=wrong)
    with pytest.raises(ArgumentError, match=f"tangent of x {role}"):
        softgrad.linearize(softgrad.softmax, X)[1](wrong)
    with pytest.raises(ArgumentError, match=f"cotangent {role}"):
        softgrad.hvp(softgrad.softmax, X, tangent=X, cotangent=wrong)
    with pytest.raises(ArgumentError, match=f"tangent {role}"):
        softgrad.jacobian(softgrad.softmax, X) @ wrong


def test_a_scalar_is_asked_for():
    with pytest.raises(ArgumentError, match=r"\(2, 3\).*not a single number.*softgrad\.vjp"):
        softgrad.value_and_grad(softgrad.softmax, X)
    with pytest.raises(ArgumentError, match=r"\(2, 3\).*cotangent is needed"):
        softgrad.hvp(softgrad.softmax, X, tangent=X)


def test_tangents_of_several_inputs_come_as_a_tuple():
    with pytest.raises(ArgumentTypeError, match=r"tuple of 2.*x, bias"):
        softgrad.jvp(softgrad.softmax, X, bias=X, wrt=("x", "bias"), tangent=X)


@pytest.mark.parametrize("case", [c for c in cases(bare) if c.by_row], ids=str)
def test_a_nan_stays_in_its_row(case):
    x = np.random.default_rng(0).normal(size=(3, 4))
    args = case.args(x)
    clean = softgrad.vjp(case.function, **args)
    x = x.copy()
    x[1, 2] = np.nan
    y, pullback = softgrad.vjp(case.function, **args | {case.primary: x})
    g = np.random.default_rng(1).normal(size=y.shape)
    for found, expected in ((y, clean[0]), (pullback(g), clean[1](g))):
        assert np.isnan(found[1]).any()
        np.testing.assert_array_equal(found[[0, 2]], expected[[0, 2]])


@pytest.mark.parametrize("case", [c for c in cases(bare) if not c.by_row], ids=str)
def test_a_nan_stays_in_its_entry(case):
    args = case.args(np.array([[0.5, np.nan, -1.0]]))
    y, pullback = softgrad.vjp(case.function, **args)
    for found in (y, pullback(np.ones(y.shape))):
        assert np.isnan(found).tolist() == [[False, True, False]]


def test_lists_and_numbers_are_arrays():
    np.testing.assert_array_equal(softgrad.softmax([0.0, 0.0]), [0.5, 0.5])
    assert softgrad.sigmoid(0.0) == 0.5
    with pytest.raises(ArgumentTypeError, match="floating"):
        softgrad.softmax([0, 0])


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "sparsemax", "sigmoid"])
def test_a_million_entries_take_little_memory(name):
    """The dense Jacobian would hold 8 TB."""
    f = FUNCTIONS[name]
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=1_000_000), rng.normal(size=1_000_000)
    softgrad.jvp(f, x[:10], tangent=t[:10])
    tracemalloc.start()
    y, push = softgrad.linearize(f, x)
    push(t)
    softgrad.vjp(f, x)[1](np.ones(y.shape))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 100e6, f"{peak / 1e6:.0f} MB"
