"""The public functions along any axis of arrays in any order of memory, without a copy."""

from itertools import permutations, product

import numpy as np
import pytest

import softgrad
from softgrad import native
from softgrad.structure import WeightedCentering

SHAPE = (3, 5, 4)
ORDERS = list(permutations(range(3)))
AXES = [-3, -1, 1]


FUNCTIONS = [softgrad.softmax, softgrad.log_softmax, softgrad.logsumexp, softgrad.sigmoid]


@pytest.fixture
def ran(monkeypatch):
    """Return the list of the kernels that will have been run, by name."""
    kernels = []

    class Watched:
        def __getattr__(self, name):
            return getattr(native._module, name)

        def run(self, place, *given):
            self.note(place)
            native._module.run(place, *given)

        def apply(self, place, *given):
            found = native._module.apply(place, *given)
            if found is not None:
                self.note(place)
            return found

        def note(self, place):
            kernels.append(next(k for k, (at, *_) in native._KERNELS.items() if at == place))

    monkeypatch.setattr(native, "_native", Watched())
    for function in FUNCTIONS:
        function.forget()
    yield kernels
    for function in FUNCTIONS:
        function.forget()


def draw(order: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return an array whose axes lie in memory in that order."""
    laid = np.random.default_rng(seed).standard_normal([SHAPE[k] for k in order])
    return laid.transpose(np.argsort(order))


@pytest.mark.parametrize(("order", "axis"), [*product(ORDERS, AXES)])
class TestAnyOrderAndAxis:
    @pytest.mark.parametrize("function", ["softmax", "log_softmax"])
    def test_a_value_per_entry(self, ran, function, order, axis):
        x = draw(order)
        y = getattr(softgrad, function)(x, axis=axis)
        assert ran == [function]
        assert y.strides == np.exp(x).strides
        e = np.exp(x)
        p = e / e.sum(axis, keepdims=True)
        np.testing.assert_allclose(y, p if function == "softmax" else np.log(p), rtol=1e-13)

    @pytest.mark.parametrize("keepdims", [False, True])
    def test_a_value_per_row(self, ran, keepdims, order, axis):
        x = draw(order)
        y = softgrad.logsumexp(x, axis=axis, keepdims=keepdims)
        assert ran == ["logsumexp"]
        expected = np.log(np.exp(x).sum(axis, keepdims=keepdims))
        np.testing.assert_allclose(y, expected, rtol=1e-13, strict=True)

    def test_products(self, ran, order, axis):
        x, t = draw(order), draw(order, 1)
        y, pull = softgrad.vjp(softgrad.softmax, x, axis=axis)
        slope = pull(t)
        assert ran == ["softmax", "weighted_centering"]
        expected = y * (t - (y * t).sum(axis, keepdims=True))
        np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-15)

    def test_one_number_per_row_is_taken_with_rows(self, order, axis):
        x = draw(order)
        y, pull = softgrad.vjp(softgrad.logsumexp, x, axis=axis)
        e = np.exp(x)
        expected = e / e.sum(axis, keepdims=True) * np.expand_dims(2 + y, axis)
        np.testing.assert_allclose(pull(2 + y), expected, rtol=1e-12)


def test_another_order_of_two_arrays_is_left_to_the_portable_path(ran):
    p, t = draw((0, 1, 2)), draw((1, 0, 2), 1)
    WeightedCentering(p, softgrad.axis.Axis(-1)).mv(t)
    assert ran == []


@pytest.mark.parametrize("order", ORDERS)
def test_single_entries_need_no_order(ran, order):
    x = draw(order)
    y = softgrad.sigmoid(x)
    assert ran == ["sigmoid"]
    assert y.strides == x.strides
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x)), rtol=1e-13)


@pytest.mark.parametrize(
    "x",
    {
        "repeated": np.broadcast_to(np.ones(4), (3, 4)),
        "reversed": np.arange(12.0).reshape(3, 4)[::-1],
        "every other": np.arange(24.0).reshape(3, 8)[:, ::2],
    }.values(),
)
def test_what_does_not_fill_its_memory_is_left_to_the_portable_path(ran, x):
    e = np.exp(x - x.max(0))
    np.testing.assert_allclose(softgrad.softmax(x, axis=0), e / e.sum(0), rtol=1e-13)
    assert ran == []
