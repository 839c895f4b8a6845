"""Every number and every formula of an explanation is what softgrad's calculus says it is."""

import numpy as np
import pytest

import softgrad
from softgrad.errors import ArgumentError
from softgrad.explain import LESSONS, Explanation, explain
from softgrad.explain.lessons import UNSUITABLE

X = [1.0, -0.5, 2.0, 0.25]
G = [1.0, -2.0, 0.5, 0.0]
TEMPERATURES = [1.0, 0.5, 3.0]

members = pytest.mark.parametrize("member", LESSONS)
temperatures = pytest.mark.parametrize("temperature", TEMPERATURES)


def names(told: Explanation) -> dict[str, object]:
    """Return what the formulas' letters stand for."""
    mean = told.contraction.value if told.contraction else None
    return {told.lesson.symbol: np.array(told.weights), "g": np.array(told.upstream), "m": mean}


def evaluate(told: Explanation, formula: str) -> float:
    """Return the value of a formula in letters."""
    if told.contraction:
        formula = formula.replace(told.contraction.name, "m")
    return eval(formula, names(told) | {"sum": np.sum})


@members
@temperatures
def test_the_letters_give_the_jacobian(member: str, temperature: float) -> None:
    told = explain(X, G, member=member, temperature=temperature)
    f = softgrad.functions()[member]
    dense = softgrad.jacobian(f, np.array(X), temperature=temperature).to_dense()
    for i, row in enumerate(told.entries):
        for j, term in enumerate(row):
            assert term.name == f"J[{i},{j}]"
            assert term.value == told.jacobian[i][j] == dense[i, j]
            assert evaluate(told, term.letters) == pytest.approx(dense[i, j], rel=1e-12)


@members
@temperatures
def test_the_letters_give_the_gradient(member: str, temperature: float) -> None:
    told = explain(X, G, member=member, temperature=temperature)
    f = softgrad.functions()[member]
    gradient = softgrad.vjp(f, np.array(X), temperature=temperature)[1](np.array(G))
    np.testing.assert_array_equal(told.gradient, gradient)
    for step, value in zip(told.steps, gradient, strict=True):
        assert evaluate(told, step.letters) == pytest.approx(value, rel=1e-12, abs=1e-15)


@members
@temperatures
def test_the_numbers_put_in_give_the_value(member: str, temperature: float) -> None:
    told = explain(X, G, member=member, temperature=temperature)
    terms = [*(t for row in told.entries for t in row), *told.steps]
    if told.contraction:
        terms.append(told.contraction)
    for term in terms:
        assert eval(term.numbers) == pytest.approx(term.value, abs=2e-3)


@members
@temperatures
def test_the_line_of_numpy_is_true(member: str, temperature: float) -> None:
    told = explain(X, G, member=member, temperature=temperature)
    np.testing.assert_allclose(eval(_line(told, "NumPy"), names(told)), told.gradient, rtol=1e-12)


@members
@temperatures
def test_the_line_of_torch_is_true(member: str, temperature: float) -> None:
    torch = pytest.importorskip("torch")
    told = explain(X, G, member=member, temperature=temperature)
    x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
    g = torch.tensor(G, dtype=torch.float64)
    gradient = eval(_line(told, "torch"), {"torch": torch, "softgrad": softgrad, "x": x, "g": g})
    np.testing.assert_allclose(gradient.numpy(), told.gradient, rtol=1e-12)


@members
@temperatures
def test_the_line_of_jax_is_true(member: str, temperature: float) -> None:
    jax = pytest.importorskip("jax")
    told = explain(X, G, member=member, temperature=temperature)
    x, g = jax.numpy.asarray(X), jax.numpy.asarray(G)
    gradient = eval(_line(told, "JAX"), {"jax": jax, "softgrad": softgrad, "x": x, "g": g})
    np.testing.assert_allclose(gradient, told.gradient, rtol=1e-5, atol=1e-6)


@members
@temperatures
def test_the_line_of_softgrad_is_true(member: str, temperature: float) -> None:
    told = explain(X, G, member=member, temperature=temperature)
    given = {"softgrad": softgrad, "x": np.array(X), "g": np.array(G)}
    np.testing.assert_array_equal(eval(_line(told, "softgrad"), given), told.gradient)


def _line(told: Explanation, library: str) -> str:
    return next(line.code for line in told.code if line.library == library)


@pytest.mark.parametrize("member", ["softmax", "sparsemax", "entmax"])
def test_rows_and_columns_add_up_to_zero(member: str) -> None:
    told = explain(X, G, member=member)
    np.testing.assert_allclose((told.row_sums, told.column_sums), 0, atol=1e-16)


def test_columns_of_log_softmax_do_not() -> None:
    told = explain(X, G, member="log_softmax", temperature=2)
    np.testing.assert_allclose(told.row_sums, 0, atol=1e-15)
    np.testing.assert_allclose(told.column_sums, (1 - 4 * np.array(told.weights)) / 2, rtol=1e-12)


def test_how_wrong_the_diagonal_is() -> None:
    told = explain([1, 2, 3], [1, 0, 0])
    p = np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()
    right = p * ([1, 0, 0] - p[0])
    wrong = np.array([1, 0, 0]) * p * (1 - p)
    np.testing.assert_allclose(told.diagonal_only, wrong, rtol=1e-12)
    expected = np.linalg.norm(wrong - right) / np.linalg.norm(right)
    assert told.diagonal_error == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("member", ["sigmoid", "log_sigmoid", "softplus"])
def test_the_diagonal_is_all_of_an_elementwise_member(member: str) -> None:
    told = explain(X, G, member=member)
    assert told.elementwise
    assert told.diagonal_only == told.gradient


def test_the_default_upstream_is_the_first_output() -> None:
    told = explain(X)
    assert told.upstream == (1.0, 0.0, 0.0, 0.0)
    assert not told.upstream_given
    np.testing.assert_allclose(told.gradient, told.jacobian[0], rtol=1e-12)


def test_every_member_is_explained_or_refused_with_a_reason() -> None:
    assert set(LESSONS) | set(UNSUITABLE) == set(softgrad.functions())
    for member, why in UNSUITABLE.items():
        with pytest.raises(ArgumentError) as refusal:
            explain(X, member=member)
        assert str(refusal.value) == why


@pytest.mark.parametrize(
    ("x", "upstream", "options", "words"),
    [
        ([1.0], None, {}, "at least two numbers; got 1"),
        ([], None, {}, "at least two numbers; got 0"),
        ([1.0, np.nan], None, {}, "x must hold finite numbers; got nan"),
        ([1.0, -np.inf], None, {}, "x must hold finite numbers; got -inf"),
        ([1.0, 2.0], [1.0, np.inf], {}, "upstream must hold finite numbers; got inf"),
        ([1.0, 2.0], [1.0], {}, "one number per entry of x; got 1 for 2"),
        ([1.0, 2.0], None, {"temperature": 0.0}, "temperature must be a positive number; got 0"),
        ([1.0, 2.0], None, {"temperature": np.nan}, "temperature must be a positive number"),
        ([1.0, 2.0], None, {"temperature": 1e-320}, "is too small: x / temperature"),
        ([1.0, 2.0], None, {"member": "softmin"}, "one of softmax, log_softmax"),
        ([[1.0, 2.0]], None, {}, r"one row of numbers; got shape \(1, 2\)"),
    ],
)
def test_bad_input(x: list, upstream: list | None, options: dict, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        explain(x, upstream, **options)
