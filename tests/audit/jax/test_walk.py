"""What an audit of a function of JAX's sees: everything, wherever it is called."""

import inspect
from functools import partial

import pytest

pytest.importorskip("jax")

import jax
import jax.numpy as jnp
from audit.jax import models
from audit.jax.models import PLACES, TOKENS, W, X, draw

import softgrad
from softgrad.errors import ArgumentError

RIGHT = {
    "a pytree of parameters": lambda: (models.mlp, models.mlp_params(), X),
    "a transformer, scanned and checkpointed": lambda: (
        models.transformer,
        models.transformer_params(),
        TOKENS,
        jax.random.key(0),
    ),
    "a callable pytree": lambda: (models.Module(W, 2), X),
    "constants in a closure": lambda: (lambda x: jnp.tanh(x @ W), X),
}


def line_of(function) -> int:
    return inspect.getsourcelines(function)[1]


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_is_wrong_with_what_is_right(name):
    report = softgrad.audit(*RIGHT[name]())
    assert report.ok and report.whole.ok
    assert {finding.ok for finding in report.findings} == {True}
    assert all(place.file == models.__file__ or place.file == __file__
               for finding in report.findings for place in finding.places)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_wrong_rule_is_found_wherever_it_is_called(place):
    report = softgrad.audit(partial(PLACES[place], models.wrong), X)
    (guilty,) = report.guilty
    assert guilty.bug == "diagonal_only"
    assert guilty.call.startswith("wrong(float64[")
    assert guilty.places[0].file == models.__file__


def test_a_wrong_forward_rule_is_found_beside_right_calls():
    def function(x):
        return (models.pushed(x) @ W).sum()

    report = softgrad.audit(function, X)
    (guilty,) = report.guilty
    assert (guilty.call, guilty.bug) == ("pushed(float64[3, 4])", "wrong_constant")
    assert (guilty.places[0].file, guilty.places[0].line) == (__file__, line_of(function) + 1)
    assert report.findings[0] is guilty and report.whole is None


def test_two_rules_of_one_function_are_two_calls():
    def ruled(factor):
        function = jax.custom_vjp(lambda x: jnp.sin(x))
        function.defvjp(
            *((lambda x: (jnp.sin(x), x), lambda x, g: (g * jnp.cos(x),))
              if factor == 1
              else (lambda x: (jnp.sin(x), x), lambda x, g: (g * factor * jnp.cos(x),)))
        )  # fmt: skip
        return function

    report = softgrad.audit(lambda x: ruled(1)(x) + ruled(2)(x), X)
    assert [f.ok for f in report.findings if "lambda" in f.call] == [False, True]


def test_alike_calls_are_one_unless_it_is_thorough():
    def function(x):
        return jnp.sin(jnp.sin(x)) + jnp.sin(x[:, :2]).sum()

    for thorough, counts in ((False, [3]), (True, [1, 1, 1])):
        report = softgrad.audit(function, X, thorough=thorough, whole=False)
        assert [f.count for f in report.findings if "lax.sin" in f.call] == counts
        assert report.calls == 6


def test_the_loss_belongs_to_what_is_audited():
    report = softgrad.audit(lambda x: x @ W, X, loss=lambda y: models.wrong(y)[:, 0].sum())
    assert [finding.bug for finding in report.guilty] == ["diagonal_only"]


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (lambda x, y: (jax.lax.stop_gradient(x) * y).sum(), "no_gradient", "x receives no"),
        (lambda x, y: y.sum(), "no_gradient", "x receives no gradient: the loss does not use it"),
        (lambda x, y: x.astype(int).sum() + y.sum(), "no_gradient", "lax.convert_element_type at"),
        (lambda x, y: x.sum() + jnp.log(y - y).sum(), "not_finite", "comes from lax.log at"),
    ],
)
def test_what_keeps_a_function_from_learning_is_told(function, kind, words):
    (note,) = softgrad.audit(function, X, X + 3, whole=False).notes
    assert note.kind == kind
    assert words in note.text and (note.place is None or note.place.file == __file__)


def test_a_while_loop_is_judged_in_forward_mode():
    def function(x):
        return jax.lax.while_loop(lambda c: c[1] < 3, lambda c: (jnp.sin(c[0]), c[1] + 1), (x, 0))

    report = softgrad.audit(function, X)
    assert report.ok and report.whole.ok


def test_a_primitive_that_relies_on_its_caller_is_not_blamed():
    report = softgrad.audit(lambda x: jnp.linalg.eigh(x.T @ x)[0].sum(), X)
    assert report.ok and report.whole.ok
    (unclear,) = (finding for finding in report.findings if finding.ok is None)
    assert unclear.call == "lax.eigh(float64[4, 4])" and "rely on" in unclear.report.reason


def test_float64_is_as_it_was_and_so_are_the_arguments():
    params = models.mlp_params()
    softgrad.audit(models.mlp, params, X)
    assert not jax.config.jax_enable_x64
    assert jnp.array_equal(params[0]["w"], draw(4, 5)) and params[0]["w"].dtype == jnp.float32


@pytest.mark.parametrize(
    ("function", "inputs", "words"),
    [
        (lambda x: x, (TOKENS,), "no floating array"),
        (lambda x: TOKENS, (X,), "nothing that depends on a floating input"),
    ],
)
def test_a_function_without_a_derivative_is_refused(function, inputs, words):
    with pytest.raises(ArgumentError, match=words):
        softgrad.audit(function, *inputs)
