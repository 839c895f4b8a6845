"""JAX: pytrees of every kind, and callables that are pytrees themselves."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy

from softgrad.check import check  # noqa: E402

RNG = np.random.default_rng(0)
X, W, B = (RNG.normal(size=shape) for shape in ((4, 3), (3, 2), (2,)))


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@jax.custom_vjp
def product(x, w):
    """x w, with a gradient of w that is twice the right one."""
    return x @ w


product.defvjp(lambda x, w: (x @ w, (x, w)), lambda s, g: (g @ s[1].T, 2 * s[0].T @ g))


@jax.tree_util.register_pytree_node_class
class Layer:
    """A callable pytree, as neural network libraries have them."""

    def __init__(self, w, b, name="layer"):
        self.w, self.b, self.name = w, b, name

    def tree_flatten(self):
        return (self.w, self.b), self.name

    @classmethod
    def tree_unflatten(cls, name, children):
        return cls(*children, name)

    def __call__(self, x):
        return product(x, self.w) + self.b


def wrong(report):
    return [name for name, mask in report.wrong.items() if mask.any()]


def apply(x, layer):
    return {"y": layer(x), "name": layer.name, "none": None}


@pytest.mark.parametrize("compiled", [False, True])
def test_a_registered_class_among_the_inputs(compiled):
    layer = Layer(jnp.asarray(W), jnp.asarray(B))
    f = (lambda x, layer: jax.jit(Layer.__call__)(layer, x)) if compiled else apply
    report = check(f, (jnp.asarray(X), layer))  # found at the example itself
    assert list(report.wrong) == ["x", "layer.w", "layer.b"]
    assert wrong(report) == ["layer.w"]
    subset = check(f, (jnp.asarray(X), layer), wrt=("x", "layer.b"), battery=False)
    assert subset.ok is True


def test_a_registered_class_alone():
    layer = Layer(jnp.asarray(W), jnp.asarray(B))
    assert wrong(check(lambda layer: layer(jnp.asarray(X)), (layer,))) == ["layer.w"]


def test_a_callable_that_is_a_pytree():
    report = check(Layer(jnp.asarray(W), jnp.asarray(B)), (jnp.asarray(X),))
    assert list(report.wrong) == ["x", "w", "b"]
    assert wrong(report) == ["w"]
    partial = jax.tree_util.Partial(product, jnp.asarray(X))
    assert check(partial, (jnp.asarray(W),)).ok is False


def test_nested_containers_of_a_jitted_function():
    @jax.jit
    def f(params, x):
        for layer in params["layers"]:
            x = jnp.tanh(x @ layer["w"])
        return {"x": x, "size": (x**2).sum()}

    layers = [{"w": jnp.asarray(W)}, {"w": jnp.asarray(W[:2])}]
    assert check(f, ({"layers": layers}, jnp.asarray(X)), battery=False).ok is True


def test_a_hand_written_vjp_of_a_pytree():
    def vjp(g, x, layer):
        return g @ layer.w.T, Layer(x.T @ g, -g.sum(0))

    def f(x, layer):
        return x @ layer.w + layer.b

    report = check(f, (jnp.asarray(X), Layer(jnp.asarray(W), jnp.asarray(B))), vjp=vjp)
    assert report.bug == "wrong_sign"
    assert wrong(report) == ["layer.b"]


def test_numpy_arrays_become_the_library_s():
    assert wrong(check(product, (X, W), framework="jax")) == ["w"]
