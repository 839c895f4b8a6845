"""What the strategies draw, and that they reach every edge they promise."""

import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from softgrad.errors import ArgumentError
from softgrad.testing import strategies

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
DTYPES = ["float16", "float32", "float64"]
FINDING = settings(
    max_examples=2000,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@given(st.data(), SHAPES, st.sampled_from(DTYPES))
def test_logits_are_what_a_softmax_takes(data, shape, dtype):
    x = data.draw(strategies.logits(shape, dtype))
    assert (x.shape, x.dtype) == (shape, dtype)
    assert not np.isnan(x).any()
    assert not np.isposinf(x).any()
    assert np.isfinite(x).any(-1).all()


@given(st.data(), st.sampled_from(DTYPES))
def test_ordinary_logits_have_no_edges(data, dtype):
    plain = strategies.logits((3, 4), dtype, masked=False, ties=False, saturated=False,
                              offsets=False)  # fmt: skip
    assert np.abs(data.draw(plain)).max() <= 4


@given(st.data(), SHAPES, st.sampled_from(DTYPES))
def test_probabilities_add_up(data, shape, dtype):
    p = data.draw(strategies.probabilities(shape, dtype))
    assert (p.shape, p.dtype) == (shape, dtype)
    assert (p >= 0).all()
    assert np.abs(p.astype(float).sum(-1) - 1).max() <= 4 * np.finfo(dtype).eps


@given(st.data(), SHAPES | st.just(()), st.sampled_from(DTYPES))
def test_upstreams_are_finite(data, shape, dtype):
    g = data.draw(strategies.upstreams(shape, dtype))
    assert (g.shape, g.dtype) == (shape, dtype)
    assert np.isfinite(g).all()


@given(st.data(), SHAPES | st.just(()), st.integers(1, 5), st.sampled_from([None, -100]))
def test_targets_are_classes(data, shape, classes, ignore):
    t = data.draw(strategies.targets(shape, classes=classes, ignore_index=ignore, dtype="int32"))
    assert (t.shape, t.dtype) == (shape, np.dtype("int32"))
    assert np.isin(t, [*range(classes), *([] if ignore is None else [ignore])]).all()


LOGITS = strategies.logits((2, 4))
NARROW = strategies.logits((2, 4), "float32")
PROBABILITIES = strategies.probabilities((2, 3))
UPSTREAMS = strategies.upstreams((2, 3))


def gap(x):
    """Return how far the largest entry of each row is above the second."""
    with np.errstate(invalid="ignore"):
        return np.diff(np.sort(x))[:, -1]


EDGES = {
    "tied maxima": (LOGITS, lambda x: (gap(x) == 0).any() and np.ptp(x, -1).all()),
    "equal entries": (LOGITS, lambda x: (np.ptp(np.maximum(x, -1e9), -1) == 0).any() and x.all()),
    "a masked entry": (LOGITS, lambda x: np.isneginf(x).any()),
    "a masked row but one": (LOGITS, lambda x: (np.isneginf(x).sum(-1) == 3).any()),
    "saturation": (NARROW, lambda x: (np.isfinite(gap(x)) & (gap(x) > 40)).any()),
    "overflow of exp": (LOGITS, lambda x: x.max() > 1000),
    "underflow of exp": (LOGITS, lambda x: x.max(-1).min() < -1000),
    "one-hot": (PROBABILITIES, lambda p: (p == 1).any()),
    "probability 0": (PROBABILITIES, lambda p: ((p == 0).sum(-1) == 1).any()),
    "no upstream": (UPSTREAMS, lambda g: (g == 0).all(-1).any() and g.any()),
    "a one-hot upstream": (UPSTREAMS, lambda g: (np.sort(g) == [0, 0, 1]).all()),
    "a signed upstream": (UPSTREAMS, lambda g: g.min() < 0 < g.max()),
    "a scalar upstream": (strategies.upstreams(()), lambda g: g < 0),
    "one class": (
        strategies.targets((4,), classes=5),
        lambda t: set(t) == {2},
    ),
    "first and last class": (
        strategies.targets((4,), classes=50),
        lambda t: {0, 49} <= set(t),
    ),
    "all ignored": (
        strategies.targets((4,), classes=5, ignore_index=-1),
        lambda t: set(t) == {-1},
    ),
}


@pytest.mark.parametrize("edge", EDGES)
def test_every_edge_is_reached(edge):
    strategy, holds = EDGES[edge]
    assert holds(find(strategy, lambda drawn: bool(holds(drawn)), settings=FINDING))


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: strategies.logits(dtype="int64"), "dtype must be a floating dtype"),
        (lambda: strategies.targets(classes=0), "classes must be an integer ≥ 1; got 0"),
        (lambda: strategies.targets(classes=2, dtype="float32"), "dtype must be of integers"),
        (lambda: find(strategies.logits(()), lambda _: True), "at least one axis"),
    ],
)
def test_misuse(draw, words):
    with pytest.raises(ArgumentError, match=words):
        draw()


def test_without_hypothesis_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "softgrad.testing.strategies")
    with pytest.raises(ImportError, match=r'pip install "softgrad\[testing\]"'):
        __import__("softgrad.testing.strategies")
