"""Layer objects in NumPy: the gradients of parameters that ``backward`` stores."""

import numpy as np
import pytest

from softgrad.check import check

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=2)


class Attributes:
    """Stores the gradients of ``W`` and ``b`` under names made by ``spelling``."""

    def __init__(self, spelling, factor=1.0):
        self.W, self.b = W.copy(), B.copy()
        self.spelling, self.factor = spelling, factor

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def keep(self, name, value):
        setattr(self, self.spelling.format(name), value)

    def backward(self, g):
        self.keep("W", self.factor * self.x.T @ g)
        self.keep("b", g.sum(0))
        return g @ self.W.T


class Gathered(Attributes):
    """Stores them in a dict."""

    def __init__(self, holder, spelling, factor=1.0):
        super().__init__(spelling, factor)
        self.holder = holder
        setattr(self, holder, {})

    def keep(self, name, value):
        getattr(self, self.holder)[self.spelling.format(name)] = value


class Dicts:
    """Keeps parameters and gradients in two containers of the same structure."""

    def __init__(self, make, factor=1.0):
        self.params, self.grads = make(W.copy(), B.copy()), make(0 * W, 0 * B)
        self.keys = list(self.params) if isinstance(self.params, dict) else [0, 1]
        self.factor = factor

    def forward(self, x):
        self.x = x
        w, b = (self.params[key] for key in self.keys)
        return x @ w + b

    def backward(self, g):
        w, b = self.keys
        self.grads[w] = self.factor * self.x.T @ g
        self.grads[b] = g.sum(0)
        return g @ self.params[w].T


class Accumulating(Attributes):
    """Adds to what is stored, as training loops expect it."""

    def __init__(self, spelling, factor=1.0):
        super().__init__(spelling, factor)
        self.dW, self.db = 0 * W, 0 * B

    def keep(self, name, value):
        getattr(self, f"d{name}")[...] += value


LAYERS = {
    "dW": (lambda factor: Attributes("d{}", factor), "W"),
    "d_W": (lambda factor: Attributes("d_{}", factor), "W"),
    "W_grad": (lambda factor: Attributes("{}_grad", factor), "W"),
    "grad_W": (lambda factor: Attributes("grad_{}", factor), "W"),
    "grads['W']": (lambda factor: Gathered("grads", "{}", factor), "W"),
    "gradients['dW']": (lambda factor: Gathered("gradients", "d{}", factor), "W"),
    "two dicts": (lambda factor: Dicts(lambda w, b: {"W": w, "b": b}, factor), "params['W']"),
    "two lists": (lambda factor: Dicts(lambda w, b: [w, b], factor), "params[0]"),
    "accumulated": (lambda factor: Accumulating("d{}", factor), "W"),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_parameters_are_checked_where_their_gradients_are_found(kind):
    make, name = LAYERS[kind]
    assert check(make(1.0), (X,)).ok is True
    report = check(make(2.0), (X,))
    assert report.bug == "wrong_constant"
    assert {k for k, mask in report.wrong.items() if mask.any()} == {name}
    assert check(make(2.0), (X,), wrt="x").ok is True


def test_the_user_s_layer_never_runs():
    layer = Accumulating("d{}", 2.0)
    assert check(layer, (X,)).ok is False
    assert not hasattr(layer, "x")
    assert not layer.dW.any() and np.array_equal(layer.W, W)


def test_what_forward_keeps_is_no_parameter():
    layer = Attributes("d{}")
    layer.dx = layer.backward(layer.forward(X))  # of the shape of x, as a gradient of x would be
    report = check(layer, (X,))
    assert report.ok is True


def test_a_forgotten_gradient_in_the_dict():
    class Forgetful(Gathered):
        def keep(self, name, value):
            if name == "W" or not self.grads:
                super().keep(name, value)

    layer = Forgetful("grads", "{}")
    assert check(layer, (X,)).ok is True  # nothing is claimed of b


def test_a_layer_that_cannot_be_copied():
    class Locked(Attributes):
        def __deepcopy__(self, memo):
            raise TypeError("locked")

    layer = Locked("d{}", 2.0)
    assert check(layer, (X,)).ok is True  # its input's gradient is right, no more is looked at
    assert np.array_equal(layer.W, W)
