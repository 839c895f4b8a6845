"""Networks from scratch are taken apart layer by layer."""

import inspect
import pickle

import numpy as np
import pytest
from audit.layers import networks
from audit.layers.networks import (
    TARGET,
    BatchNorm,
    Diagonal,
    Dropout,
    Flipped,
    Gathered,
    Likelihood,
    Linear,
    Listed,
    MeanBias,
    Network,
    ReLU,
    Residual,
    Softmax,
    Targeted,
    X,
)

import softgrad
from softgrad.errors import ArgumentError, ArgumentTypeError

RIGHT = {
    "one layer": lambda: Softmax(),
    "a list": lambda: [Linear(4, 6), ReLU(), Linear(6, 3), Softmax()],
    "an object with layers": lambda: Listed(Linear(4, 6), Dropout(), BatchNorm(6), Softmax()),
    "attributes": lambda: Network(Softmax()),
    "parameters in a dict": lambda: [Gathered(), ReLU()],
    "a block": lambda: [Residual(Linear(4, 4)), ReLU()],
    "a function": lambda: Network(Softmax()).forward,
}
WRONG = {
    "in a list": (lambda: [Linear(4, 3), Diagonal()], "Diagonal", "diagonal_only"),
    "in an attribute": (lambda: Network(Diagonal()), "Diagonal", "diagonal_only"),
    "a parameter": (lambda: [MeanBias(4, 3), ReLU()], "MeanBias", "wrong_normalizer"),
    "within a block": (lambda: [Residual(Diagonal()), ReLU()], "Diagonal", "diagonal_only"),
    "a block around what is right": (
        lambda: [Residual(Linear(4, 4), share=0.5), ReLU()],
        "Residual",
        None,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_is_wrong_with_what_is_right(name):
    report = softgrad.audit(RIGHT[name](), X)
    assert report.ok, report
    assert {finding.ok for finding in report.findings} == {True}


@pytest.mark.parametrize("name", WRONG)
def test_the_wrong_layer_is_named(name):
    make, kind, bug = WRONG[name]
    report = softgrad.audit(make(), X)
    (guilty,) = report.guilty
    assert guilty.call.startswith(f"{kind}(float64[5, ")
    assert guilty.bug == bug
    written = inspect.getsourcelines(getattr(networks, kind).backward)[1]
    assert (guilty.places[0].file, guilty.places[0].line) == (networks.__file__, written)


def test_what_is_made_of_a_wrong_layer_is_not_blamed():
    report = softgrad.audit([Residual(Diagonal())], X)
    block = report.findings[1]
    assert block.ok is None and block.report.reason == "what it is made of is wrong: [0].inner"


def test_layers_that_are_alike_are_checked_once_unless_it_is_thorough():
    layers = [Linear(4, 4), ReLU(), Linear(4, 4, seed=1), ReLU(), Linear(4, 3)]
    counts = {f.modules: f.count for f in softgrad.audit(layers, X).findings}
    assert counts == {("[0]", "[2]"): 2, ("[1]", "[3]"): 2, ("[4]",): 1}
    assert len(softgrad.audit(layers, X, thorough=True).findings) == 5


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_layers_that_differ_in_a_number_are_not_alike(share):
    layers = [Residual(Linear(4, 4)), Residual(Linear(4, 4), share=share)]
    found = {f.modules: f.ok for f in softgrad.audit(layers, X).findings}
    assert found[("[0]",)] and found[("[1]",)] is (share == 1.0)


@pytest.mark.parametrize(("kind", "bug"), [(Likelihood, None), (Flipped, "wrong_sign")])
def test_the_loss_is_a_layer_that_a_function_runs(kind, bug):
    likelihood = kind()
    model = [Linear(4, 3), Softmax()]
    report = softgrad.audit(model, X, loss=lambda p: likelihood.forward(p, TARGET))
    found = {finding.call: finding.bug for finding in report.findings}
    assert found[f"{kind.__name__}(float64[5, 3], int64[5])"] == bug
    assert report.ok is (bug is None)


def test_a_backward_that_takes_the_target_is_no_derivative_to_judge():
    (finding,) = softgrad.audit([Targeted()], X).findings
    assert finding.ok is None and "takes the target" in finding.report.reason


def test_the_whole_is_judged_where_a_list_is_run():
    assert softgrad.audit([Linear(4, 3), Softmax()], X).whole.ok
    assert softgrad.audit([Linear(4, 3), Softmax()], X, whole=False).whole is None
    assert softgrad.audit([Linear(4, 3), Diagonal()], X).whole is None


def test_the_first_value_that_is_not_finite_is_told():
    class Log:
        def forward(self, x):
            self.x = x
            return np.log(x)

        def backward(self, g):
            return g / self.x

    (note,) = softgrad.audit([ReLU(), Log()], X, whole=False).notes
    assert note.kind == "not_finite" and "comes from Log at" in note.text and "[1]" in note.text


def test_nothing_of_the_layers_changes():
    model = Listed(Linear(4, 6), BatchNorm(6), Dropout(), Network(Softmax()))
    model.layers[3].first = Linear(6, 6)
    model.layers[0].forward(X)
    before, arrays = pickle.dumps(model), [model.layers[0].W, model.layers[1].mean]
    noise = np.random.get_state()[1].copy()
    softgrad.audit(model, X)
    assert pickle.dumps(model) == before
    assert model.layers[0].W is arrays[0] and model.layers[1].mean is arrays[1]
    assert np.array_equal(np.random.get_state()[1], noise)


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (3, ArgumentTypeError, "model must be callable, or have layers .*; got int"),
        ([Linear(4, 3), abs], ArgumentTypeError, "layer 1 of model must have forward and backward"),
        (Listed(), ArgumentError, "no object with forward and backward"),
        (lambda x: x, ArgumentError, "no object with forward and backward"),
    ],
)
def test_what_has_no_layers_is_refused(model, error, words):
    with pytest.raises(error, match=words):
        softgrad.audit(model, X, framework="numpy")
