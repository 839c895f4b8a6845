"""Calls that are remembered by their options."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from support.cases import FUNCTIONS

import softgrad
from softgrad.axis import Axis
from softgrad.backends import whole
from softgrad.declare import Domain, Node, Numerics
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.family.premaps import ARRAYS, INPUTS, logits
from softgrad.family.softmax import SOFTMAX
from softgrad.function import Function

X = np.linspace(-2, 2, 24).reshape(4, 6)
BY_ROW = [f for f in FUNCTIONS.values() if "axis" in f.parameters and "target" not in f.parameters]


@pytest.mark.parametrize("f", BY_ROW, ids=lambda f: f.name)
@pytest.mark.parametrize("library", [np.asarray, torch.asarray, jnp.asarray])
def test_options_at_their_defaults_change_nothing(f, library):
    x = library(X)
    defaults = {n: p.default for n, p in f.parameters.items() if n != "x"}
    plain = f(x)
    assert bool((f(x, **defaults) == plain).all())
    assert bool((f(x=x, **defaults) == plain).all())
    by_position = [defaults[n] for n in f._positional[1:]]
    assert bool((f(x, *by_position) == plain).all())


MISTAKES = {
    "no such axis": ({"axis": 5}, ArgumentError, r"from -2 to 1 for x of shape \(4, 6\); got 5"),
    "a truth value": ({"axis": True}, ArgumentTypeError, "axis must be one integer; got True"),
    "a fraction": ({"axis": 1.0}, ArgumentTypeError, "axis must be one integer; got 1.0"),
    "no number": ({"temperature": float("nan")}, ArgumentError, "temperature must be positive"),
    "no such option": ({"tau": 2.0}, ArgumentTypeError, "has no argument 'tau'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("x", [X, torch.from_numpy(X)], ids=["numpy", "torch"])
def test_a_mistake_is_told_each_time_as_one_of_this_array(x, mistake):
    options, error, message = MISTAKES[mistake]
    softgrad.softmax(x, axis=1)
    for _ in range(2):
        with pytest.raises(error, match=message):
            softgrad.softmax(x, **options)


@pytest.mark.parametrize("x", [X[:, :0], X.astype(int), X.astype("f2"), X.astype(">f4"), X[0, 0]])
def test_arrays_of_another_kind_are_not_taken_for_the_remembered_one(x):
    softgrad.softmax(X, axis=-1)
    expected = None
    try:
        expected = Function.run(softgrad.softmax, (x,), {"where": None})
    except (ArgumentError, ArgumentTypeError) as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            softgrad.softmax(x, axis=-1)
    else:
        y = softgrad.softmax(x, axis=-1)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y, expected)


def test_so_many_are_remembered_and_no_more(monkeypatch):
    monkeypatch.setattr(whole, "MOST", 3)
    calls = softgrad.entmax._calls
    for alpha in np.linspace(1.1, 3, 20).tolist():
        softgrad.entmax(X, alpha=alpha)
        assert len(calls._known) <= 3


@pytest.mark.parametrize("option", [X[:1], [1.0], torch.ones(1), np.float64(2.0)])
def test_arrays_among_the_options_are_not_remembered(option):
    assert softgrad.softmax._calls(2, (), {"temperature": option}) is None


def test_a_graph_that_depends_on_the_array_is_built_for_each():
    def sized(x, **premap):
        axis = -1 if x.array.shape[0] < 3 else 0
        return Node(SOFTMAX, {"x": logits(x, **premap)}, Axis.of(x.array, axis))

    record = {
        "wrt": ("x", *INPUTS),
        "arrays": ARRAYS,
        "domain": Domain("any", ()),
        "laws": (),
        "numerics": Numerics(value=4, derivative=16),
        "references": (),
        "fused": None,
    }
    f = Function(sized, record, logits)
    for x in (X[:1], X):
        axis = -1 if len(x) < 3 else 0
        np.testing.assert_array_equal(f(x), softgrad.softmax(x, axis=axis))
