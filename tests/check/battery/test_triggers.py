"""A gradient that is wrong only elsewhere is caught, and the report says where."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from check.right import log_softmax, onehot, softmax, softmax_back

from softgrad.check import check

X = np.random.default_rng(5).normal(size=(4, 6))
LABELS = np.array([2, 0, 3, 3])


def back(g, y, x):
    return softmax_back(g, y)


def unshifted(g, x):
    e = np.exp(x)
    return softmax_back(g, e / e.sum(-1, keepdims=True))


def when(condition, otherwise=0.5):
    """Return a softmax whose gradient is off by a factor where ``condition(g, x)`` holds."""
    return lambda g, y, x: softmax_back(g, y) * (otherwise if condition(g, x) else 1.0)


def tied(x):
    top = np.sort(x, -1)
    return x.shape[-1] > 1 and (top[..., -1] == top[..., -2]).any()


def mean_loss(x, t):
    keep = t != -100
    picked = np.take_along_axis(log_softmax(x), np.where(keep, t, 0)[:, None], 1)[:, 0]
    return -(picked * keep).sum() / max(keep.sum(), 1) + 0 * np.take(x, np.where(keep, t, 0)).sum()


def mean_loss_back(g, x, t):
    return g * (softmax(x) - onehot(t, x.shape[1], float)) * (t != -100)[:, None] / len(t)


def rows(x, t):
    return t if t.shape == x.shape else onehot(t, x.shape[1], float)


def either_loss(x, t):
    return -(rows(x, t) * log_softmax(x)).sum() / len(x)


def either_back(g, x, t):
    return g * (softmax(x) - rows(x, t)) / (1 if t.shape == x.shape else len(x))


def reduced(x, reduction="mean"):
    y = x * x
    return {"mean": y.mean, "sum": y.sum}[reduction]()


def along(x, axis=-1):
    return softmax(x, axis)


def flipped_layout(g, y, x):
    raw = np.lib.stride_tricks.as_strided(x, (x.size,), (x.itemsize,)) if x.size else x
    return softmax_back(g, softmax(raw.reshape(x.shape)))


@dataclass(frozen=True)
class Hidden:
    """A gradient that is right at its example, and the trigger that must be told."""

    trigger: str
    forward: Any
    backward: Any
    inputs: dict[str, Any] = field(default_factory=lambda: {"x": X})
    bug: str | None = None
    wrt: str | None = None


HIDDEN = [
    Hidden("entries of x exceed 710", softmax, unshifted, bug="overflow_nan"),
    Hidden(
        "entries of x exceed 88.7", softmax, unshifted, {"x": X.astype("f4")}, bug="overflow_nan"
    ),
    Hidden("entries of x are below −25", softmax, when(lambda g, x: (x < -25).any())),
    Hidden("x is every other element of an array", softmax, when(lambda g, x: x.strides[-1] == 16)),
    Hidden("x is in Fortran order", softmax, flipped_layout, bug="ignores_strides"),
    Hidden("x is reversed in memory", softmax, when(lambda g, x: min(x.strides) < 0)),
    Hidden("two entries of x tie for the largest", softmax, when(lambda g, x: tied(x))),
    Hidden("x has entries that are exactly 0", np.exp, lambda g, x: g * np.exp(x) * (x != 0)),
    Hidden("x has entries near 0", np.exp, lambda g, x: g * np.exp(x) * (np.abs(x) > 0.02)),
    Hidden("x has the opposite signs", softmax, when(lambda g, x: (x[..., 0] > 0).all())),
    Hidden(
        "the rows of x are equal", softmax, when(lambda g, x: len(x) > 1 and (x[1:] == x[:1]).all())
    ),
    Hidden(
        "x has entries that are −inf",
        softmax,
        lambda g, y, x: softmax_back(g, y) * np.where(np.isinf(x).any(), 0.5, 1.0),
    ),
    Hidden("entries of t are -100 (ignored)", mean_loss, mean_loss_back, {"x": X, "t": LABELS}),
    Hidden(
        "t holds probabilities instead of class indices",
        either_loss,
        either_back,
        {"x": X, "t": LABELS},
    ),
    Hidden(
        "all of t are equal",
        either_loss,
        lambda g, x, t: either_back(g, x, t) * (1 + (t == t.flat[0]).all()),
        {"x": X, "t": LABELS},
    ),
    Hidden("reduction is 'sum'", reduced, lambda g, x, reduction="mean": g * 2 * x / x.size),
    Hidden("axis is 0", along, lambda g, y, x, axis=-1: softmax_back(g, y)),
    Hidden(
        "all of t are -100 (ignored)",
        mean_loss,
        lambda g, x, t: (
            mean_loss_back(g, x, t) * len(t) / max((t != -100).sum(), 1)
            + (np.nan if (t == -100).all() else 0)
        ),
        {"x": X, "t": LABELS},
    ),
    Hidden(
        "w has entries that are exactly 0",
        lambda x, w: softmax(x) * w,
        lambda g, y, x, w: {"x": softmax_back(g * w, softmax(x)) * (1 if w.all() else 2)},
        {"x": X, "w": np.linspace(0.5, 2, 6)},
        wrt="x",
    ),
    Hidden(
        "x has 2 axes",
        softmax,
        lambda g, y, x: y * (g - (g * y).sum(-1 if 1 in x.shape else None, keepdims=True)),
        {"x": X[0]},
    ),
    Hidden(
        "the inputs are float64",
        softmax,
        lambda g, y, x: softmax_back(g, y).astype("f4"),
        {"x": X.astype("f4")},
        bug="wrong_dtype",
    ),
    Hidden(
        "there are 9 samples",
        softmax,
        lambda g, y, x: np.multiply(softmax_back(g, y), 1, out=x if len(x) > 4 else None),
        bug="mutates_argument",
    ),
    Hidden("there are 9 samples", softmax, when(lambda g, x: len(x) > 4)),
    Hidden("there is one sample", softmax, when(lambda g, x: len(x) == 1)),
    Hidden("the last axis of x is 7 long", softmax, when(lambda g, x: x.shape[-1] == 7)),
    Hidden(
        "the last axis of x is no multiple of 32",
        softmax,
        when(lambda g, x: x.shape[-1] > 32 and x.shape[-1] % 32),
    ),
    Hidden(
        "the last axis of x is 300 long or longer", softmax, when(lambda g, x: x.shape[-1] >= 300)
    ),
    Hidden("x is square", softmax, when(lambda g, x: x.shape[0] == x.shape[-1])),
    Hidden(
        "x has an axis of length 1 at position 1",
        softmax,
        when(lambda g, x: x.ndim == 3 and x.shape[1] == 1),
    ),
    Hidden("x has 3 axes", softmax, when(lambda g, x: x.ndim == 3 and 1 not in x.shape)),
    Hidden(
        "there are no samples",
        softmax,
        lambda g, y, x: softmax_back(g, y) if x.size else np.zeros(6),
    ),
]


IDS = [f"{k}: {hidden.trigger}" for k, hidden in enumerate(HIDDEN)]


@pytest.mark.parametrize("hidden", HIDDEN, ids=IDS)
def test_the_trigger_is_told(hidden):
    report = check(hidden.forward, hidden.inputs, vjp=hidden.backward, wrt=hidden.wrt)
    assert report.ok is False
    assert report.trigger == hidden.trigger
    assert f"When: {hidden.trigger}." in report.explanation
    if hidden.bug:
        assert report.bug == hidden.bug


@pytest.mark.parametrize("hidden", HIDDEN, ids=IDS)
def test_at_the_example_itself_it_is_right(hidden):
    report = check(
        hidden.forward, hidden.inputs, vjp=hidden.backward, wrt=hidden.wrt, battery=False
    )
    assert report.ok is True, report


@pytest.mark.parametrize(
    ("dtype", "places"), [(np.float32, (60, 75.5, 88.7)), (np.float64, (41.2, 500, 993))]
)
def test_thresholds_are_found_to_three_digits(dtype, places):
    for place in places:
        report = check(
            np.square,
            (X.astype(dtype),),
            vjp=lambda g, x, place=place: 2 * g * x * (2 if (x > place).any() else 1),
        )
        assert float(report.trigger.split()[-1]) == pytest.approx(place, rel=2e-3)


def test_the_same_seed_gives_the_same_trigger():
    runs = [check(softmax, (X,), vjp=unshifted, seed=4) for _ in range(2)]
    assert runs[0].to_json() == runs[1].to_json()


def test_a_cache_that_another_shape_spoils_is_stale_state():
    kept = {}

    def backward(g, y, x):
        kept.setdefault("width", x.shape[-1])
        if x.shape[-1] != kept["width"]:
            kept["spoilt"] = True
        return softmax_back(g, y) * (0.5 if "spoilt" in kept and x.shape == X.shape else 1)

    assert check(softmax, (X,), vjp=backward).bug == "stale_state"
