"""The ways to call ``check``, the ways to misuse it, and what it leaves untouched."""

import random

import numpy as np
import pytest
from check.right import softmax, softmax_back

import softgrad
from softgrad.check import check
from softgrad.errors import ArgumentError, ArgumentTypeError

X = np.random.default_rng(0).normal(size=(3, 4))


def back(g, y, x):
    return softmax_back(g, y)


class Layer:
    """A layer that keeps its output between forward and backward."""

    def __init__(self, wrong=False):
        self.wrong = wrong

    def forward(self, x):
        self.y = softmax(x)
        return self.y

    def backward(self, grad):
        return grad * self.y if self.wrong else softmax_back(grad, self.y)


def jacobian(x):
    y = softmax(x)
    rows = np.zeros((*x.shape, *x.shape))
    for i in range(len(x)):
        rows[i, :, i, :] = np.diag(y[i]) - np.outer(y[i], y[i])
    return rows


@pytest.mark.parametrize(
    "claim",
    [
        {"vjp": back},
        {"vjp": lambda g, x: softmax_back(g, softmax(x))},
        {"vjp": lambda x, g: softmax_back(g, softmax(x))},
        {"vjp": lambda g, y, **inputs: {"x": softmax_back(g, y)}},
        {"vjp": lambda g, *inputs: (softmax_back(g, softmax(*inputs)),)},
        {"vjp": lambda upstream, a: softmax_back(upstream, softmax(a))},
        {"jvp": lambda t, x: softmax_back(t, softmax(x))},
        {"jacobian": jacobian},
    ],
)
@pytest.mark.parametrize("inputs", [(X,), {"x": X}, X])
def test_every_form_of_claim(claim, inputs):
    assert check(softmax, inputs, **claim).ok is True


@pytest.mark.parametrize(
    "claim",
    [
        {"jvp": lambda t, x: t * softmax(x)},
        {"jacobian": lambda x: jacobian(x) * np.eye(12).reshape(3, 4, 3, 4)},
    ],
)
def test_every_form_can_be_wrong(claim):
    assert check(softmax, (X,), **claim).bug == "diagonal_only"


def test_grad_of_a_scalar_function():
    assert check(lambda x: (x**3).sum(), (X,), grad=lambda x: 3 * x**2).ok is True
    assert check(lambda x: (x**3).sum(), (X,), grad=lambda x: -3 * x**2).bug == "wrong_sign"


def test_layer_objects():
    assert check(Layer(), (X,)).ok is True
    assert check(Layer(wrong=True), (X,)).bug == "diagonal_only"


def test_wrt_leaves_other_inputs_alone():
    report = check(lambda a, b: a * b, (X, X + 1), vjp=lambda g, a, b: g * b, wrt="a")
    assert report.ok is True


def test_a_number_can_be_differentiated():
    def both(g, x, c):
        return g * c, (g * x).sum()

    assert check(lambda x, c: x * c, {"x": X, "c": 2.0}, vjp=both, wrt=("x", "c")).ok is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wrt": "z"}, "wrt names 'z', which is no input; inputs: x"),
        ({"wrt": ()}, "wrt is empty"),
        ({"inputs": (np.arange(3),)}, "no floating array among the inputs"),
        ({"inputs": {"x": np.arange(3)}, "wrt": "x"}, "which is a int64 array"),
        ({"grad": back}, "give one claim, not vjp and grad"),
        ({"vjp": None}, "NumPy does not differentiate"),
        ({"seed": -1}, "seed must be"),
        ({"like": "softmux"}, "like must name one of"),
    ],
)
def test_misuse_is_told(arguments, message):
    call = {"inputs": (X,), "vjp": back, **arguments}
    with pytest.raises(ArgumentError, match=message):
        check(softmax, call.pop("inputs"), **call)


@pytest.mark.parametrize(("f", "claim"), [(3, back), (softmax, 3)])
def test_things_that_cannot_be_called(f, claim):
    with pytest.raises(ArgumentTypeError):
        check(f, (X,), vjp=claim)


def failing(*args):
    raise KeyError("no such thing")


def test_exceptions_in_the_checked_code_are_reported():
    report = check(failing, (X,), vjp=back)
    assert report.ok is None
    assert "the function raised KeyError: 'no such thing'" in report.reason
    report = check(softmax, (X,), vjp=failing)
    assert report.ok is False
    assert "the backward pass raised KeyError" in report.reason
    report = check(softmax, {"x": X, "k": X}, vjp=back)
    assert report.ok is None


def test_an_exception_only_sometimes_is_no_crash():
    calls = []

    def backward(g, y, x):
        calls.append(1)
        if len(calls) == 5:
            raise RuntimeError
        return softmax_back(g, y)

    assert check(softmax, (X,), vjp=backward).ok is not None


def test_nothing_is_touched(capsys):
    x, state, python = X.copy(), np.random.get_state(), random.getstate()

    def noisy(x):
        return softmax(x) * (np.random.rand() > 2) + np.random.rand() + random.random()

    check(noisy, (X,), vjp=lambda g, x: 0 * x)
    assert np.array_equal(x, X)
    assert np.array_equal(np.random.get_state()[1], state[1])
    assert random.getstate() == python
    assert capsys.readouterr() == ("", "")


def test_warnings_do_not_leak():
    def careless(x):
        return np.log(x - 100)

    report = check(careless, (X,), vjp=lambda g, x: g / (x - 100))
    assert report.ok is None


def test_read_only_arrays():
    x = X.copy()
    x.flags.writeable = False
    assert check(softmax, (x,), vjp=back).ok is True


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: np.repeat(x, 2, -1)[:, ::2]])
def test_layouts(layout):
    assert check(softmax, (layout(X),), vjp=back).ok is True


def test_it_is_the_package_s_check():
    assert softgrad.check is check
