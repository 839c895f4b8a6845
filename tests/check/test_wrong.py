"""Every bug is caught and called by its name."""

from itertools import count

import ml_dtypes
import numpy as np
import pytest
from check.wrong import WRONG, X, softmax, softmax_back

from softgrad.check import BUGS, check

IDS = [f"{i}-{wrong.bug}" for i, wrong in enumerate(WRONG)]
NO_FUNCTIONS = {"stale_state", "nondeterministic"}
BY_FRAMEWORK = {"second_derivative_lost", "forward_mode_wrong"}


@pytest.mark.parametrize("wrong", WRONG, ids=IDS)
def test_the_bug_is_caught_and_named(wrong):
    copies = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in wrong.inputs.items()}
    report = check(wrong.forward, wrong.inputs, vjp=wrong.backward)
    assert report.ok is False
    assert report.bug in (wrong.bug, *wrong.also), report
    assert (report.fix or BUGS[report.bug].fix) in report.explanation
    for name, value in copies.items():
        assert np.array_equal(value, wrong.inputs[name])


def test_every_name_has_a_test():
    assert {wrong.bug for wrong in WRONG} | BY_FRAMEWORK == set(BUGS)


@pytest.mark.parametrize(
    "wrong",
    [wrong for wrong in WRONG if wrong.bug not in NO_FUNCTIONS],
    ids=lambda wrong: wrong.bug,
)
def test_the_same_seed_gives_the_same_report(wrong):
    first = check(wrong.forward, wrong.inputs, vjp=wrong.backward, seed=3)
    second = check(wrong.forward, wrong.inputs, vjp=wrong.backward, seed=3)
    assert first.to_json() == second.to_json()


@pytest.mark.parametrize("phase", range(3))
@pytest.mark.parametrize("dtype", [np.float64, np.float32, ml_dtypes.bfloat16])
def test_every_third_call_is_noticed_whichever_comes_first(phase, dtype):
    calls = count(phase)

    def forward(x):
        return softmax(x.astype("f8")).astype(x.dtype)

    def backward(g, x):
        d = softmax_back(g.astype("f8"), softmax(x.astype("f8")))
        return (d * (1.5 if next(calls) % 3 == 0 else 1.0)).astype(x.dtype)

    report = check(forward, (X.astype(dtype),), vjp=backward)
    assert report.ok is False
    assert report.bug in ("nondeterministic", "stale_state")


def test_the_wrong_entries_are_marked():
    def backward(g, x):
        d = 2 * g * x
        d[1, 2] *= 3
        d[3, 0] = 0
        return d

    report = check(np.square, (X,), vjp=backward)
    expected = np.zeros(X.shape, bool)
    expected[1, 2] = expected[3, 0] = True
    assert report.ok is False
    assert np.array_equal(report.wrong["x"], expected)
    assert "2 of 24 entries wrong" in str(report)
    assert [entry.index for entry in report.entries] == [(1, 2), (3, 0)]


def test_only_the_wrong_input_is_marked():
    inputs = {"a": X, "b": X + 1}
    report = check(np.multiply, (X, X + 1), vjp=lambda g, a, b: (g * b, 2 * g * a))
    assert report.ok is False
    first, second = report.wrong.values()
    assert not first.any()
    assert second.all()
    named = check(lambda a, b: a * b, inputs, vjp=lambda g, a, b: (g * b, 2 * g * a))
    assert not named.wrong["a"].any()
    assert named.wrong["b"].all()
