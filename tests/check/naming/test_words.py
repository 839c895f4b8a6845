"""What a named bug is told with: numbers, the formula of this function, the next best name."""

import numpy as np
import pytest
from check.right import layer_norm, layer_norm_back, log_softmax, softmax, softmax_back
from check.wrong import WRONG

import softgrad
from softgrad.check import check
from softgrad.check.naming.guess import said
from softgrad.check.naming.likeness import likeness
from softgrad.check.naming.written import written
from softgrad.check.report.finding import Finding

X = np.random.default_rng(0).normal(size=(4, 5))


def test_the_evidence_is_a_formula_with_its_distance():
    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y))
    assert "your gradient equals g∘y∘(1 − y) to " in report.reason
    assert float(report.reason.split(" to ")[1].split(":")[0]) < 1e-14
    assert report.formula == "dx = y∘(g − ⟨g,y⟩)."
    assert report.fix == "return y∘(g − ⟨g,y⟩) in place of g∘y∘(1 − y)."


def test_the_axis_is_part_of_the_formula():
    report = check(softmax, (X,), vjp=lambda g, y, x: softmax_back(g, y, 0))
    assert report.bug == "wrong_axis"
    assert "y∘(g − ⟨g,y⟩ over axis 0)" in report.reason


def test_the_runner_up_means_something_else():
    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y))
    assert isinstance(report.runner_up, Finding)
    assert report.runner_up.bug != report.bug
    assert report.runner_up.residual > 0.01


def test_under_like_the_runner_up_predicts_something_else():
    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y), like="softmax")
    assert report.bug == "diagonal_only"
    assert report.runner_up.bug != "diagonal_only"
    assert report.runner_up.residual > 0.01


def test_pictures_of_both_jacobians():
    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y))
    (picture,) = report.pictures
    assert picture.input == "x"
    assert picture.output_shape == picture.input_shape == X.shape
    assert np.allclose(np.diag(picture.claimed), np.diag(picture.true))
    assert np.count_nonzero(np.abs(picture.claimed) > 1e-12) == X.size


def test_without_a_name_there_are_facts():
    mixing = np.random.default_rng(3).normal(size=(5, 5))
    report = check(softmax, (X,), vjp=lambda g, x: g @ mixing)
    assert report.ok is False
    assert report.bug is None
    assert report.reason.count(".") == 0
    assert report.runner_up is None
    facts = " ".join(report.evidence)
    for fact in ("differ by", "entries of the Jacobian", "times the right one", "rank", "linear"):
        assert fact in facts


def test_a_gradient_that_is_not_linear_is_said_to_be():
    report = check(np.exp, (X,), vjp=lambda g, x: np.abs(g) * (x - 3))
    assert report.bug is None
    assert "not linear" in report.evidence[-1]


TIMES = {
    2.0: "2 times the right one (",
    1 / np.log(2): "1.4427 times the right one; 1.4427 is 1 over ln 2 (",
    1 / 4: "0.25 times the right one; 0.25 is 1 over the number of entries along axis 0 (",
    5 / 4: "1.25 times the right one; 1.25 is 5/4, where axis 1 has 5 entries (",
    0.6: "0.6 times the right one; 0.6 is 3/5, where k has 5 entries (",
    2.5: "2.5 times the right one; 2.5 is T: the backward pass leaves T out (",
    1 / 6.25: "0.16 times the right one; 0.16 is 1/T² (",
}


@pytest.mark.parametrize("factor", TIMES)
def test_a_factor_is_told_once_with_what_it_stands_for(factor):
    def f(x, T, k):
        return softmax(x / T)

    def back(g, x, T, k):
        return factor * softmax_back(g, softmax(x / T)) / T

    given = {"x": X, "T": 2.5, "k": np.arange(5)}
    report = check(f, given, wrt="x", vjp=back, battery=False)
    assert f"your gradient is {TIMES[factor]}fits to" in report.reason


def test_what_holds_exactly_is_said_to():
    report = check(softmax, (X,), vjp=lambda g, x: g, battery=False)
    assert report.reason == "x: your gradient equals the upstream gradient"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: w.bug)
def test_sentences_are_short(wrong):
    report = check(wrong.forward, wrong.inputs, vjp=wrong.backward)
    assert len(report.reason) <= 160
    assert all(len(fact) <= 160 for fact in report.evidence)


FORMULAS = [
    ("softmax", {"x": X}, "dx = p∘(g − ⟨p,g⟩)"),
    ("softmax", {"x": X, "temperature": 2.0}, "h1 = p∘(g − ⟨p,g⟩), dx = 0.5·h1"),
    ("entmax", {"x": X, "alpha": 1.5}, "dx = s∘(g − ⟨s,g⟩/Σs)"),
    ("log_softmax", {"x": X}, "dx = g − p Σg"),
    ("logsumexp", {"x": X}, "dx = p∘g"),
    ("sigmoid", {"x": X}, "dx = slope∘g"),
]


@pytest.mark.parametrize(("name", "arguments", "formula"), FORMULAS)
def test_the_formula_is_written_from_the_structures(name, arguments, formula):
    assert written(likeness(softgrad.functions()[name], arguments)) == formula


def test_residuals_are_written_as_people_write_them():
    assert [said(r) for r in (3e-16, 0.4, 0.0123)] == ["3e-16", "0.4", "0.012"]


@pytest.mark.parametrize("shape", [(300, 7), (3, 400), (20, 30)])
def test_a_large_example_is_cut_first(shape):
    x = np.random.default_rng(0).normal(size=shape)
    report = check(softmax, (x,), vjp=lambda g, y, x: g * y * (1 - y))
    assert report.bug == "diagonal_only"
    assert "seen on a smaller example: x of shape (" in " ".join(report.evidence)


def test_linked_axes_are_cut_together():
    rng = np.random.default_rng(0)
    inputs = {"x": rng.normal(size=(60, 30)), "w": rng.normal(size=30), "b": rng.normal(size=30)}

    def back(g, x, w, b):
        dx, dw, db = layer_norm_back(g, x, w, b)
        return -dx, dw, db

    report = check(layer_norm, inputs, vjp=back)
    assert report.bug == "wrong_sign"


def test_class_numbers_are_folded():
    rng = np.random.default_rng(0)
    inputs = {"x": rng.normal(size=(50, 400)), "t": rng.integers(0, 400, 50)}

    def loss(x, t):
        return -log_softmax(x)[np.arange(len(t)), t].mean()

    def back(g, x, t):
        return g * (softmax(x) - (np.arange(x.shape[1]) == t[:, None]))

    assert check(loss, inputs, vjp=back).bug == "wrong_normalizer"


MASK = np.array([1, 1, 0, 1, 0], bool)


def test_a_gradient_behind_a_mask_is_a_leak():
    report = check(
        lambda x, keep: np.tanh(x) * keep,
        {"x": X, "keep": np.broadcast_to(MASK, X.shape).copy()},
        vjp=lambda g, x, keep: g * (1 - np.tanh(x) ** 2),
    )
    assert report.bug == "param_ignored"
    assert "keep" in report.reason


def test_a_gradient_outside_the_support_is_a_leak():
    def back(g, y, x):
        on = y > 0
        return g - (g * on).sum(-1, keepdims=True) / on.sum(-1, keepdims=True)

    report = check(softgrad.sparsemax, (X,), vjp=back, like="sparsemax")
    assert report.bug == "missing_chain_factor"
    assert "support" in report.reason or "weights" in report.reason


def test_a_factor_along_an_axis_is_called_by_its_parameter():
    w = np.random.default_rng(1).uniform(0.5, 2, 5)
    report = check(
        lambda x, w: softmax(x) @ np.diag(w),
        {"x": X, "w": w},
        wrt="x",
        vjp=lambda g, y, x, w: softmax_back(g * w, softmax(x)) / w,
    )
    assert "1/w, by the index along axis 1" in report.reason
