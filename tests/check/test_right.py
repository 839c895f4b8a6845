"""No false alarms: right derivatives in NumPy, over dtypes, seeds, shapes and hard inputs."""

import numpy as np
import pytest
from check.right import RIGHT, log_softmax, softmax, softmax_back

from softgrad.check import check

IDS = [right.name for right in RIGHT]


def cast(inputs, dtype):
    return {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in inputs.items()}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("right", RIGHT, ids=IDS)
def test_right_is_never_called_wrong(right, dtype):
    for seed in range(3):
        inputs = cast(right.inputs(np.random.default_rng(seed)), dtype)
        report = check(right.forward, inputs, vjp=right.backward, seed=seed)
        assert report.ok is True, report


@pytest.mark.parametrize("right", RIGHT, ids=IDS)
def test_right_at_other_scales(right):
    for scale in (1e-3, 1e3):
        inputs = right.inputs(np.random.default_rng(7))
        scaled = {k: v * scale if v.dtype.kind == "f" else v for k, v in inputs.items()}
        assert check(right.forward, scaled, vjp=right.backward).ok is not False


def test_bfloat16():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(bfloat16)
    assert check(softmax, (x,), vjp=lambda g, y, x: softmax_back(g, y)).ok is True


@pytest.mark.parametrize(
    ("function", "backward"),
    [
        (lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0)),
        (lambda x: np.maximum(x, 0), lambda g, x: g * (x >= 0)),
        (np.abs, lambda g, x: g * np.sign(x)),
        (
            lambda x: np.maximum(x[0], x[1]),
            lambda g, x: np.stack([g * (x[0] >= x[1]), g * (x[0] < x[1])]),
        ),
    ],
)
def test_at_a_kink_every_slope_between_is_right(function, backward):
    x = np.array([[0.0, 1.0, 0.0, -2.0], [0.0, 1.0, 3.0, 0.5]])
    report = check(function, (x,), vjp=backward)
    assert report.ok is True
    assert report.kinks > 0
    assert "kink" in str(report)


def test_at_a_kink_a_slope_outside_is_wrong():
    x = np.array([0.0, 1.0, -2.0, 0.0])
    report = check(
        lambda x: np.maximum(x, 0), (x,), vjp=lambda g, x: g * np.where(x == 0, 5, x > 0)
    )
    assert report.ok is False
    assert report.wrong["x"].tolist() == [True, False, False, True]


def test_masked_logits_are_no_alarm():
    x = np.random.default_rng(0).normal(size=(4, 6))
    x[0, 3:] = x[2, 1] = -np.inf
    assert check(softmax, (x,), vjp=lambda g, y, x: softmax_back(g, y)).ok is True


def test_logits_of_1e8_in_float32_are_no_alarm():
    x = np.full((3, 4), 1e8, np.float32)
    assert check(softmax, (x,), vjp=lambda g, y, x: softmax_back(g, y)).ok is True


def test_a_function_without_finite_output_is_undecided():
    report = check(log_softmax, (np.full((2, 3), -np.inf),), vjp=lambda g, x: g)
    assert report.ok is None


def test_large_arrays():
    x = np.random.default_rng(0).normal(size=(100, 1000))
    report = check(softmax, (x,), vjp=lambda g, y, x: softmax_back(g, y))
    assert report.ok is True
    wrong = check(
        softmax, (x,), vjp=lambda g, y, x: softmax_back(g, y) * (1 + 1e-3 * (x == x[3, 5]))
    )
    assert wrong.ok is False


def test_the_probe_costs_the_same_at_every_size():
    from softgrad.check.measure import probe
    from softgrad.check.subject import subject

    counts = []
    pull = subject.Subject.pull

    for n in (10, 10_000):
        calls = {"forward": 0, "backward": 0}

        def forward(x, calls=calls):
            calls["forward"] += 1
            return softmax(x)

        def backward(g, y, x, calls=calls):
            calls["backward"] += 1
            return softmax_back(g, y)

        seen = {}
        original = probe.probe

        def spy(*args, seen=seen, original=original, calls=calls, **kwargs):
            result = original(*args, **kwargs)
            seen.setdefault("at", dict(calls))
            return result

        from softgrad.check import examine

        before, examine.probe = examine.probe, spy
        try:
            check(forward, (np.random.default_rng(0).normal(size=(1, n)),), vjp=backward)
        finally:
            examine.probe = before
        counts.append(seen["at"])
    assert pull is subject.Subject.pull
    assert all(c["backward"] <= 4 and c["forward"] - c["backward"] <= 14 for c in counts), counts


def test_entries_without_a_derivative_do_not_hide_the_others():
    x = np.array([0.0, 1.0, 2.0, 3.0])

    def right(g, x):
        return g / (2 * np.sqrt(x))

    assert check(np.sqrt, (x,), vjp=right).ok is not False
    report = check(np.sqrt, (x,), vjp=lambda g, x: right(g, x) * (1 + (x == 2)))
    assert report.ok is False
