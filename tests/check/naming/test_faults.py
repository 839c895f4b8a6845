"""Faults from the family's records: every structure has edits, each wrong, named and affordable."""

import numpy as np
import pytest

import softgrad
from softgrad.axis import Axis
from softgrad.check import BUGS, check
from softgrad.check.naming.edits import edits
from softgrad.check.naming.faults import distinct, faults
from softgrad.check.naming.likeness import likeness
from softgrad.structure import (
    Centering,
    Diagonal,
    Functional,
    Product,
    Sum,
    Transpose,
    WeightedCentering,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 5))
G = RNG.normal(size=X.shape)
P = softgrad.softmax(X)
LAST = Axis(-1)

STRUCTURES = {
    "weighted centring": WeightedCentering(P, LAST),
    "centring": Centering(P, np.ones(X.shape, bool), LAST),
    "functional": Functional(P, Axis(-1, keepdims=True)),
    "diagonal": Diagonal(P),
    "product": Product(WeightedCentering(P, LAST), Diagonal(2 * P)),
    "sum": Sum((Diagonal(P), WeightedCentering(P, LAST))),
    "transpose": Transpose(Centering(P, np.ones(X.shape, bool), LAST)),
}

CALLS = {
    "softmax": {"x": X, "temperature": 0.7},
    "log_softmax": {"x": X, "softcap": 3.0},
    "logsumexp": {"x": X, "bias": RNG.normal(size=5)},
    "entmax": {"x": 3 * X, "alpha": 1.3},
    "sparsemax": {"x": X},
    "sigmoid": {"x": X},
    "log_sigmoid": {"x": X},
    "softplus": {"x": X},
    "cross_entropy": {
        "logits": X,
        "target": np.array([0, 3, -100, 2]),
        "label_smoothing": 0.1,
        "weight": RNG.uniform(0.5, 2, 5),
        "z_loss": 0.1,
    },
    "binary_cross_entropy": {"logits": X, "target": P, "pos_weight": RNG.uniform(1, 2, 5)},
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structure_has_wrong_versions(name):
    structure = STRUCTURES[name]
    g = G[:, :1] if name == "functional" else G
    right = structure.rmv(g)
    different = [e for e in edits(structure) if np.abs(e.pull(g) - right).max() > 1e-6]
    assert len(different) >= 2
    assert {e.bug for e in different} <= set(BUGS)


def test_a_term_and_a_factor_can_be_left_out():
    labels = [e.label for e in edits(STRUCTURES["sum"])]
    assert "term 2 of {J} left out" in labels
    outer = next(e for e in edits(STRUCTURES["product"]) if "inner factor" in e.label)
    assert np.allclose(outer.pull(G), STRUCTURES["weighted centring"].rmv(G))


def test_every_function_is_covered():
    assert set(CALLS) == set(softgrad.functions())


@pytest.mark.parametrize("name", CALLS)
def test_faults_differ_from_the_truth_and_from_each_other(name):
    call = likeness(softgrad.functions()[name], CALLS[name])
    g = RNG.normal(size=call.value.shape)
    (right,) = call.gradient(g).values()
    kept = distinct(call, g)
    assert len(kept) >= 8
    gradients = [next(iter(fault.gradient(g).values())) for fault in kept]
    for i, one in enumerate(gradients):
        assert np.linalg.norm(one - right) > 1e-9 * np.linalg.norm(right)
        assert all(not np.array_equal(one, other) for other in gradients[:i])


@pytest.mark.parametrize("name", CALLS)
def test_labels_are_in_public_words(name):
    call = likeness(softgrad.functions()[name], CALLS[name])
    for fault in faults(call):
        assert fault.bug in BUGS
        assert "{" not in fault.label
        for internal in ("temper ", "temper'", "fill", "mix", "pair", "total", "bernoulli"):
            assert internal not in fault.label


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("softmax", "float64"), ("log_softmax", "float32"), ("logsumexp", "float32")],
)
def test_every_fault_is_named_when_the_function_is_known(name, dtype):
    function = softgrad.functions()[name]
    call = likeness(function, {"x": X})
    g = RNG.normal(size=call.value.shape)
    right = call.gradient(g)["x"]
    for fault in distinct(call, g):
        wrong = fault.gradient(g)["x"]
        if np.linalg.norm(wrong) < 1e-9 * np.linalg.norm(right):
            continue  # rounding noise, which any of several faults leaves

        def back(g, x, label=fault.label):
            there = likeness(function, {"x": x})
            found = next(f for f in faults(there) if f.label == label)
            return found.gradient(np.asarray(g, float))["x"].astype(x.dtype)

        report = check(function, (X.astype(dtype),), vjp=back, like=name)
        assert report.ok is False, fault.label
        names = {f.bug for f in faults(call) if np.allclose(f.gradient(g)["x"], wrong, rtol=1e-7)}
        assert report.bug in names, (fault.label, report)


def test_a_fault_costs_as_much_as_a_gradient():
    x = np.random.default_rng(1).normal(size=(1, 200_000))
    call = likeness(softgrad.softmax, {"x": x, "temperature": 0.5})
    kept = distinct(call, np.sin(np.arange(x.size)).reshape(x.shape))
    assert len(kept) >= 8


def test_ignored_rows_and_unnormalised_targets():
    weights = {"logits": X, "target": np.array([0, 3, -100, 2])}
    leak = next(f for f in faults(likeness(softgrad.cross_entropy, weights)) if "do not" in f.label)
    assert leak.bug == "param_ignored"
    assert leak.gradient(np.array(1.0))["logits"][2].any()
    soft = {"logits": X, "target": RNG.uniform(size=X.shape)}
    call = likeness(softgrad.cross_entropy, soft, ("logits", "target"))
    assert "assumes_normalized_target" in {fault.bug for fault in distinct(call, np.array(1.0))}
