"""The fused losses of probabilities and of outcomes against the graphs they stand in for."""

from itertools import product

import numpy as np
import pytest
from native.fused import DTYPES, at_once, close, graph

import softgrad

NAN, INF = np.nan, np.inf

SOFT, BINARY = softgrad.cross_entropy, softgrad.binary_cross_entropy
NUMBERS = {"label_smoothing": (0.0, 0.1, 1.0), "reduction": ("mean", "sum")}
CHOICES = {
    SOFT: NUMBERS | {"weight": (None, "row"), "z_loss": (0.0, 0.01), "axis": (-1, 1)},
    BINARY: NUMBERS | {"weight": (None, "all"), "pos_weight": (None, "all")},
}
"""Everything they take; every combination is tried."""


def problem(loss, n: int, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return logits with special rows, and targets that ask for nothing impossible."""
    rng = np.random.default_rng(n)
    x, y = 5 * rng.standard_normal((7, n)), rng.random((7, n))
    y[0] = 0
    y[1] = np.arange(n) == x[1].argmax()
    x[1, x[1].argmax()] += 30
    if loss is BINARY and n > 1:
        x[2, 0], y[2, 0] = -INF, 0
        x[3, 1], y[3, 1] = INF, 1
        x[4], y[4] = 300, rng.integers(0, 2, n)
    return x.astype(dtype), y.astype(dtype)


def combinations(loss, shape: tuple[int, ...], dtype):
    rng = np.random.default_rng(1)
    weights = {"row": rng.uniform(0, 2, shape[-1:]), "all": rng.uniform(0, 2, shape)}
    for values in product(*CHOICES[loss].values()):
        chosen = dict(zip(CHOICES[loss], values, strict=True))
        for name in ("weight", "pos_weight"):
            if chosen.get(name):
                chosen[name] = weights[chosen[name]].astype(dtype)
        yield chosen


@pytest.mark.parametrize("n", [1, 2, 9, 300])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", CHOICES, ids=["probabilities", "outcomes"])
def test_every_combination_of_options_is_the_graphs(loss, dtype, n):
    kind, tolerance = DTYPES[dtype]
    x, y = problem(loss, n, kind)
    wrong = []
    for chosen in combinations(loss, x.shape, kind):
        expected, by_x = graph(loss, x, y, chosen)
        given = {"logits": x, "target": y, **chosen}
        for gradient in (False, True):
            found = at_once(loss, given, gradient=gradient)
            assert (found is None) == (not np.isfinite(expected)), chosen
            if found is None:
                continue
            value, slope = found
            assert (value.shape, value.dtype) == ((), x.dtype)
            if not close(value.astype(float), np.asarray(expected), tolerance):
                wrong.append((chosen, float(value), float(expected)))
            if gradient and not close(slope.astype(float), by_x, tolerance):
                wrong.append((chosen, np.abs(slope.astype(float) - by_x).max()))
    assert wrong == []


def test_impossible_classes_that_are_not_asked_for_are_left_out():
    x, y = problem(SOFT, 9, float)
    x[2:, 4] = -INF
    y[2:, 4] = 0
    x[5], y[5] = -INF, 0.2
    value, slope = at_once(SOFT, {"logits": x, "target": y}, gradient=True)
    expected, by_x = graph(SOFT, x, y, {})
    assert close(value, np.asarray(expected), 1e-14) and close(slope, by_x, 1e-14)
    assert (slope[2:, 4] == 0).all() and (slope[5] == 0).all()


X = np.random.default_rng(0).standard_normal((4, 5))
PLAIN = {"logits": X, "target": np.full((4, 5), 0.2)}
DECLINED = {
    "a temperature": {"temperature": 2.0},
    "a mask": {"where": np.ones((4, 5), bool)},
    "a loss for each": {"reduction": "none"},
    "targets of another dtype": {"target": np.full((4, 5), 0.2, "f4")},
    "targets that do not lie in rows": {"target": np.full((5, 4), 0.2).T},
    "targets of another shape": {"target": np.full((4, 1), 0.2)},
    "a weight for a part": {"weight": np.ones((4, 1))},
    "an infinite logit": {"logits": np.where(X[0, 0] == X, INF, X)},
    "a NaN": {"logits": np.where(X[0, 0] == X, NAN, X)},
}


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("case", DECLINED)
@pytest.mark.parametrize("loss", CHOICES, ids=["probabilities", "outcomes"])
def test_what_it_is_not_sure_of_it_leaves_to_the_graph(loss, case, gradient):
    assert at_once(loss, PLAIN, gradient=gradient) is not None
    assert at_once(loss, PLAIN | DECLINED[case], gradient=gradient) is None


def test_leading_dimensions_are_entries_too():
    x, y = (np.random.default_rng(k).random((3, 4, 5)) for k in (0, 1))
    for loss in CHOICES:
        found = at_once(loss, {"logits": x, "target": y}, gradient=True)
        for a, b in zip(found, graph(loss, x, y, {}), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
