"""The fused cross-entropy against the graph it stands in for."""

from itertools import product

import numpy as np
import pytest
from native.fused import DTYPES, at_once, close, graph

import softgrad
from softgrad.errors import ArgumentError, ArgumentTypeError

NAN, INF = np.nan, np.inf

CHOICES = {
    "weight": (None, "weights", "weights with a zero"),
    "label_smoothing": (0.0, 0.1, 1.0),
    "ignore_index": (-100, 0, None),
    "z_loss": (0.0, 0.01),
    "reduction": ("mean", "sum"),
    "axis": (-1, 1),
}
"""Everything it takes; every combination is tried."""

SIZES = [1, 2, 7, 50]
COMBINATIONS = [dict(zip(CHOICES, values, strict=True)) for values in product(*CHOICES.values())]

cross_entropy = softgrad.cross_entropy


def problem(n: int, chosen: dict, dtype) -> tuple:
    """Return logits with special rows, targets and options; the targets are all possible."""
    rng = np.random.default_rng(n)
    x = 5 * rng.standard_normal((9, n))
    target = rng.integers(0, n, 9)
    if n > 2:
        x[0, 1] = -INF
        x[1] = -INF
        x[2, 0] = NAN
        x[3, 2] += 40
        x[4, 2] += 40
        target[:5] = 0, 1, 2, 2, 1
    options = dict(chosen)
    if options["weight"] is not None:
        options["weight"] = rng.uniform(0.1, 2, n)
        if "zero" in chosen["weight"]:
            options["weight"][n // 2] = 0
        options["weight"] = options["weight"].astype(dtype)
    return x.astype(dtype), target, options


def reference(x, target, options):
    """Return what the graph gives in float64."""
    return graph(cross_entropy, x, target, options)


def fused(given, *, gradient):
    return at_once(cross_entropy, given, gradient=gradient)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_combination_of_options_is_the_graphs(dtype, n):
    kind, tolerance = DTYPES[dtype]
    wrong = []
    for chosen in COMBINATIONS:
        x, target, options = problem(n, chosen, kind)
        expected, slope = reference(x, target, options)
        bound = cross_entropy._bind((x, target), options)
        counted = target[target != options["ignore_index"]]
        weight = options["weight"]
        nothing_counts = not (np.ones(n) if weight is None else weight)[counted].any()
        for gradient in (False, True):
            found = fused(bound, gradient=gradient)
            assert (found is None) == (options["reduction"] == "mean" and nothing_counts)
            if found is None:
                continue
            value, by_x = found
            assert (value.shape, value.dtype) == ((), x.dtype)
            if not close(value.astype(float), np.asarray(expected), tolerance):
                wrong.append((chosen, float(value), float(expected)))
            if not gradient:
                assert by_x is None
                continue
            assert (by_x.shape, by_x.dtype) == (x.shape, x.dtype)
            if not close(by_x.astype(float), slope, tolerance):
                wrong.append((chosen, by_x.astype(float) - slope))
    assert wrong == []


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((3, 4, 5), -1), ((2, 1, 3, 5), 3), ((1, 5), -1), ((5, 3), 0), ((3, 5, 2, 20), 1)],
)
def test_other_dimensions_are_rows(shape, axis):
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal(shape), rng.integers(0, 5, np.delete(shape, axis))
    options = {"weight": np.arange(1.0, 6), "label_smoothing": 0.1, "axis": axis}
    found = fused({"logits": x, "target": target, **options}, gradient=True)
    for a, b in zip(found, reference(x, target, options), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8"])
def test_targets_of_any_signed_integer(kind):
    x = np.random.default_rng(0).standard_normal((4, 5))
    target = np.array([0, 4, -100, 2])
    value, _ = fused({"logits": x, "target": target}, gradient=False)
    same, _ = fused({"logits": x, "target": target.astype(kind)}, gradient=False)
    assert value == same


X = np.random.default_rng(1).standard_normal((4, 5))
TARGET = np.array([0, 4, 1, 2])
PLAIN = {"logits": X, "target": TARGET}

DECLINED = {
    "probabilities of another dtype": {"target": np.full((4, 5), 0.2, "f4")},
    "probabilities with an impossible class": {
        "logits": np.where(X > 0, -INF, X),
        "target": np.full((4, 5), 0.2),
    },
    "no axis but the classes": {"logits": X[0], "target": np.int64(1)},
    "one number per row": {"reduction": "none"},
    "transposed logits": {"logits": np.asfortranarray(X)},
    "strided logits": {"logits": np.repeat(X, 2, axis=1)[:, ::2]},
    "a subclass": {"logits": X.view(np.matrix)},
    "a list": {"logits": X.tolist()},
    "unsigned targets": {"target": TARGET.astype("u1")},
    "a list of targets": {"target": TARGET.tolist()},
    "weights of another dtype": {"weight": np.ones(5, "f4")},
    "a list of weights": {"weight": [1.0] * 5},
    "an infinite weight": {"weight": np.array([1, 1, np.inf, 1, 1])},
    "a temperature": {"temperature": 2.0},
    "a softcap": {"softcap": 5.0},
    "a bias": {"bias": np.ones(5)},
    "a mask": {"where": np.ones((4, 5), bool)},
    "an integer for a float": {"z_loss": 1},
    "a mean over no rows": {"target": np.full(4, -100)},
    "a mean over no weight": {"weight": np.zeros(5)},
}
MISTAKES = {
    "no rows": {"logits": X[:0, :0], "target": TARGET[:0]},
    "a target out of range": {"target": np.array([0, 5, 1, 2])},
    "a negative target": {"target": np.array([0, -1, 1, 2])},
    "targets of another shape": {"target": TARGET[:3]},
    "boolean targets": {"target": TARGET > 1},
    "a negative weight": {"weight": np.array([1, 1, -1.0, 1, 1])},
    "weights of another shape": {"weight": np.ones(4)},
    "smoothing above 1": {"label_smoothing": 1.5},
    "negative smoothing": {"label_smoothing": -0.1},
    "smoothing that is no number": {"label_smoothing": NAN},
    "a negative penalty": {"z_loss": -1.0},
    "an unknown reduction": {"reduction": "median"},
    "a fraction to ignore": {"ignore_index": 0.5},
    "an axis that is not there": {"axis": 2},
    "an axis before the first": {"axis": -3},
}


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("case", DECLINED | MISTAKES)
def test_what_it_is_not_sure_of_it_leaves_to_the_graph(case, gradient):
    assert fused(PLAIN, gradient=gradient) is not None
    assert fused(PLAIN | (DECLINED | MISTAKES)[case], gradient=gradient) is None


def test_another_byte_order_is_left_to_the_graph():
    logits = X.astype(X.dtype.newbyteorder())
    assert fused(PLAIN | {"logits": logits}, gradient=False) is None


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_still_told(case):
    with pytest.raises((ArgumentError, ArgumentTypeError)):
        cross_entropy(**PLAIN | MISTAKES[case])
