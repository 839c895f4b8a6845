"""Parameters: which other values they take, from hints, defaults, ``like`` and ``vary``."""

from enum import Enum
from typing import Literal

import numpy as np
import pytest
from check.right import log_softmax, softmax, softmax_back

from softgrad.check import check
from softgrad.check.battery.choices import choices_of
from softgrad.check.battery.whole import Near
from softgrad.check.frameworks import frame_of
from softgrad.check.subject.plan import plan
from softgrad.errors import ArgumentError, ArgumentTypeError

X = np.random.default_rng(3).normal(size=(4, 6))


class Mode(Enum):
    PLAIN = 1
    SQUARED = 2


def everything(
    x,
    how: Literal["a", "b", "c"] = "a",
    mode: Mode = Mode.PLAIN,
    flag=False,
    scale=2.0,
    eps=1e-5,
    axis=-1,
    reduction="mean",
    clip: float | None = None,
    count=3,
    label="x",
    _private=True,
):
    return x


def found(f, inputs, vjp, **options):
    planned = plan(f, inputs, None, {"vjp": vjp})
    return choices_of(
        planned.forward, planned.inputs, planned.wrt, planned.claim, options.get("vary"), None
    )


def same(
    g, x, how, mode, flag, scale, eps, axis, reduction, clip, count, label, _private
):  # takes whatever everything takes
    return g


def test_values_come_from_hints_and_defaults():
    assert frame_of([X]).name == "numpy"
    assert found(everything, {"x": X}, same) == {
        "how": ("b", "c"),
        "mode": (Mode.SQUARED,),
        "flag": (True,),
        "scale": (2.6,),
        "eps": (0.1,),
        "axis": (0,),
        "reduction": ("sum", "none"),
        "clip": (2.0,),
        "count": (Near(4), Near(6), Near(2), Near(1)),
    }


def test_the_example_s_own_value_is_not_tried_again():
    choices = found(everything, {"x": X, "how": "c", "flag": True, "axis": 0}, same)
    assert choices["how"] == ("a", "b")
    assert choices["flag"] == (False,)
    assert choices["axis"] == (1,)


def test_a_parameter_that_the_claim_does_not_take_is_left_alone():
    def f(x, axis=-1):
        return softmax(x, axis)

    assert found(f, {"x": X}, lambda g, y, x: softmax_back(g, y)) == {}
    assert found(f, {"x": X}, lambda g, y, **inputs: softmax_back(g, y)) == {}
    assert check(f, (X,), vjp=lambda g, y, x: softmax_back(g, y)).ok is True


def test_vary_tells_values():
    def scaled(x, scale=1):
        return x * scale

    def back(g, x, scale=1):
        return g * (scale if scale < 5 else 5)

    assert check(scaled, (X,), vjp=back).ok is True
    report = check(scaled, (X,), vjp=back, vary={"scale": [2, 7]})
    assert report.ok is False
    assert report.trigger == "scale is 7"


@pytest.mark.parametrize(
    ("vary", "error", "message"),
    [
        (["axis"], ArgumentTypeError, "vary must map names of parameters to lists of values"),
        (
            {"axes": [0]},
            ArgumentError,
            "vary names 'axes', which f does not take",
        ),
        ({"x": [X]}, ArgumentError, "vary names 'x', which is differentiated"),
        ({"axis": 0}, ArgumentTypeError, r"vary\['axis'\] must be a list of values; got int"),
        ({"axis": "01"}, ArgumentTypeError, r"vary\['axis'\] must be a list of values; got str"),
        ({"axis": []}, ArgumentError, r"vary\['axis'\] is empty"),
    ],
)
def test_a_misused_vary_is_told(vary, error, message):
    def f(x, axis=-1):
        return softmax(x, axis)

    with pytest.raises(error, match=message):
        check(f, (X,), vjp=lambda g, y, x, axis=-1: softmax_back(g, y, axis), vary=vary)


def test_a_value_that_the_function_rejects_is_passed_over():
    def f(x, axis=-1):
        return softmax(x, axis)

    right = check(
        f, (X,), vjp=lambda g, y, x, axis=-1: softmax_back(g, y, axis), vary={"axis": [7, 0]}
    )
    assert right.ok is True


def test_a_surrogate_declared_by_a_parameter_is_no_alarm():
    def f(x, hard=False):
        y = softmax(x)
        return (y == y.max(-1, keepdims=True)) * 1.0 if hard else y

    assert check(f, (X,), vjp=lambda g, x, hard=False: softmax_back(g, softmax(x))).ok is True


def test_hints_of_like_count():
    def loss(logits, target, reduction="mean"):
        rows = -log_softmax(logits)[np.arange(len(target)), target]
        return {"mean": np.mean, "sum": np.sum, "none": lambda a: a}[reduction](rows)

    def back(g, logits, target, reduction="mean"):
        d = softmax(logits) - (np.arange(logits.shape[1]) == target[:, None])
        return np.reshape(g, (-1, 1)) * d / (1 if reduction == "none" else len(target))

    report = check(loss, {"logits": X, "target": np.array([2, 0, 1, 5])}, vjp=back)
    assert report.trigger == "reduction is 'sum'"
