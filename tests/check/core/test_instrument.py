"""The measured slope is right within its own error bar, whatever the function."""

import tracemalloc

import numpy as np
import pytest
from check.core.probing import softmax, softmax_back, subject_of

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import probe
from softgrad.check.measure.rounding import direction

SMOOTH = {
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "tanh, steep": (lambda x: np.tanh(9 * x), lambda x: 9 / np.cosh(9 * x) ** 2),
    "logistic": (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (2 + 2 * np.cosh(x))),
    "wave": (lambda x: np.sin(40 * x), lambda x: 40 * np.cos(40 * x)),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("n", [1, 7, 20_000])
def test_the_error_bar_covers_the_error(name, scale, n):
    f, derivative = SMOOTH[name]
    rng = np.random.default_rng(n)
    x = np.clip(scale * rng.normal(size=n), -30, 30)
    with subject_of(f, (x,), vjp=lambda g, y: g) as subject:
        gauge = Instrument(subject)
        for _ in range(5):
            g, u = direction(rng, n), direction(rng, n)
            truth = g * derivative(x)
            slope = gauge.slope(g, truth, u)
            rounding = 8 * gauge.eps * np.linalg.norm(truth)
            assert abs(slope.residual) <= 8 * slope.error + rounding
            size = max(slope.size, np.linalg.norm(truth))
            assert slope.error <= 1e-6 * size + 100 * gauge.eps / slope.step
            assert not slope.bent


def test_the_four_point_sum_is_the_slope():
    x = np.random.default_rng(0).normal(size=50)
    with subject_of(softmax, (x,), vjp=lambda g, y: g) as subject:
        gauge = Instrument(subject)
        rng = np.random.default_rng(1)
        g, d, u = (direction(rng, 50) for _ in range(3))
        assert gauge.quick(g, d, u, gauge.step) == pytest.approx(
            gauge.slope(g, d, u).residual, rel=1e-9
        )


@pytest.mark.parametrize("n", [10, 1000, 100_000])
def test_a_probe_is_thirteen_forward_and_three_backward_passes(n):
    x = np.random.default_rng(0).normal(size=(1, n))
    with subject_of(softmax, (x,), vjp=softmax_back) as subject:
        assert probe(subject, 0).status == "right"
        assert (subject.tally.forward, subject.tally.backward) == (13, 3)


def test_a_probe_of_a_million_inputs_takes_less_than_a_hundred_megabytes():
    n = 200_000
    x = np.random.default_rng(0).normal(size=(1, n))

    def peak(work):
        work()
        tracemalloc.start()
        work()
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    def own():
        softmax_back(x, softmax(x.copy()))

    def checked():
        with subject_of(softmax, (x,), vjp=softmax_back) as subject:
            assert probe(subject, 0).status == "right"

    assert peak(checked) - peak(own) <= 100e6 * n / 1e6


def test_a_kink_at_the_point_is_seen():
    x = np.array([0.0, 1.0, -2.0])
    with subject_of(np.abs, (x,), vjp=lambda g, y, x: g * np.sign(x)) as subject:
        assert probe(subject, 0).status == "kinked"
