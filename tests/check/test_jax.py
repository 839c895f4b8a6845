"""JAX: custom_vjp, custom_jvp and plain functions, wrong and right."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy

from softgrad.check import check  # noqa: E402


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def array(seed=0, dtype="float64", shape=(4, 6)):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), dtype=dtype)


def softmax_with(back):
    @jax.custom_vjp
    def softmax(x):
        return jax.nn.softmax(x, -1)

    def forward(x):
        y = jax.nn.softmax(x, -1)
        return y, (x, y)

    softmax.defvjp(forward, lambda saved, g: (back(g, *saved),))
    return softmax


def right(g, x, y):
    return y * (g - (g * y).sum(-1, keepdims=True))


WRONG = {
    "diagonal_only": lambda g, x, y: g * y * (1 - y),
    "identity_jacobian": lambda g, x, y: g,
    "wrong_axis": lambda g, x, y: y * (g - (g * y).sum(0, keepdims=True)),
    "batch_mixed": lambda g, x, y: y * (g - (g * y).sum()),
    "wrong_sign": lambda g, x, y: -right(g, x, y),
    "dropped_grad": lambda g, x, y: jnp.zeros_like(x),
    "second_derivative_lost": lambda g, x, y: right(g, x, jax.lax.stop_gradient(y)),
}


@pytest.mark.parametrize("bug", WRONG)
def test_a_wrong_rule_is_named(bug):
    report = check(softmax_with(WRONG[bug]), (array(),))
    assert report.ok is False
    assert report.bug == bug, report


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize(
    "function",
    [
        softmax_with(right),
        jax.nn.gelu,
        jax.nn.relu,
        jax.jit(jax.nn.log_softmax),
        lambda x: jax.nn.logsumexp(x, axis=-1),
        lambda x: x.max(-1),
    ],
)
def test_right_is_never_called_wrong(function, dtype):
    for seed in range(2):
        report = check(function, (array(seed, dtype),), seed=seed)
        assert report.ok is True, report


def test_a_wrong_custom_jvp():
    @jax.custom_jvp
    def square(x):
        return x * x

    square.defjvps(lambda t, y, x: 3 * x * t)
    report = check(square, (array(),))
    assert report.bug == "wrong_constant"


def test_a_rule_that_jax_cannot_differentiate_owes_no_second_derivative():
    @jax.custom_vjp
    def cube(x):
        return x**3

    def backward(x, g):
        like = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return (jax.pure_callback(lambda x, g: 3 * g * x**2, like, x, g),)

    cube.defvjp(lambda x: (cube(x), x), backward)
    assert check(cube, (array(),)).ok is True


def test_nan_from_an_untaken_branch():
    def entropy(x):
        p = jax.nn.softmax(x, -1)
        return -jnp.where(p > 0, p * jnp.log(p), 0.0).sum(-1)

    report = check(entropy, (array(),))
    assert report.bug in ("masked_nan", "overflow_nan")
    assert report.trigger is not None


def test_a_parameter_the_rule_forgets():
    @jax.custom_vjp
    def scaled(x, temperature):
        return jax.nn.softmax(x / temperature, -1)

    def forward(x, temperature):
        y = jax.nn.softmax(x / temperature, -1)
        return y, (x, y)

    scaled.defvjp(forward, lambda saved, g: (right(g, *saved), None))
    report = check(scaled, {"x": array(), "temperature": 2.5}, wrt="x")
    assert report.bug == "param_ignored"
