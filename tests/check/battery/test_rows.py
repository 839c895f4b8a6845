"""The rows themselves: what they make, and what they leave alone."""

import numpy as np
import pytest
from check.right import RIGHT, softmax

from softgrad.check import check
from softgrad.check.battery import run
from softgrad.check.battery.domain import domain_of
from softgrad.check.battery.threshold import threshold
from softgrad.check.battery.variant import Dial
from softgrad.check.battery.variants import ROWS, variants
from softgrad.check.report.report import Tally
from softgrad.check.subject.plan import plan
from softgrad.check.subject.quiet import quiet
from softgrad.check.subject.subject import Subject

RNG = np.random.default_rng(0)
SHARES = RNG.dirichlet(np.ones(5), size=4)


def subject(f, inputs, vjp=lambda g, x: g):
    planned = plan(f, inputs, None, {"vjp": vjp})
    parts = (planned.frame, planned.function, planned.claim, planned.inputs, planned.wrt)
    with quiet(planned.frame) as randomness:
        return Subject(*parts, Tally(), randomness)


def right(name):
    return next(each for each in RIGHT if each.name == name)


def test_rows_have_names_of_their_own():
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("each", RIGHT, ids=[r.name for r in RIGHT])
def test_the_same_seed_makes_the_same_examples(each):
    made = [
        [
            (v.trigger, v.subject.x.tobytes())
            for v in variants(subject(each.forward, each.inputs(np.random.default_rng(1))), 3)
        ]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(made[0]) > 5


def test_the_example_is_left_alone():
    x = RNG.normal(size=(4, 6))
    copy = x.copy()
    for variant in variants(subject(softmax, (x,))):
        variant.subject.forward()
    assert np.array_equal(x, copy)


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (RNG.normal(size=(3, 4)), "real"),
        (np.zeros((3, 4)), "real"),
        (RNG.uniform(1, 2, (3, 4)), "positive"),
        (RNG.uniform(0.2, 0.9, (3, 4)), "unit"),
        (np.array([0.0, 2.0, 5.0]), "nonnegative"),
        (-RNG.uniform(1, 2, (3, 4)), "negative"),
        (np.array([0.0, 1.0, 1.0]), "bits"),
        (SHARES, "probabilities"),
        (SHARES.T, "probabilities"),
        (np.log(SHARES), "log-probabilities"),
        (np.array([[-np.inf, 0.3], [1.0, -2.0]]), "real"),
    ],
)
def test_numbers_stay_of_their_kind(array, name):
    domain = domain_of(array)
    assert domain.name == name
    for seed in range(20):
        other = domain.another(array, np.random.default_rng(seed))
        assert domain_of(other).name == ("nonnegative" if name == "bits" else name)
        assert np.array_equal(np.isinf(other), np.isinf(array))
        assert not np.array_equal(other, array)


def test_every_variant_keeps_to_the_domains():
    target = RNG.dirichlet(np.ones(5), size=4)
    logits = RNG.normal(size=(4, 5))
    scale = RNG.uniform(0.5, 2, 5)
    example = subject(
        lambda x, s, t: -(t * np.log(softmax(x * s))).sum(), {"x": logits, "s": scale, "t": target}
    )
    for variant in variants(example):
        given = {k: np.asarray(v) for k, v in variant.subject.inputs.items()}
        assert (given["s"] >= 0).all(), variant.trigger
        if given["t"].size:
            assert np.allclose(given["t"].sum(-1), 1) or given["t"].ndim != 2, variant.trigger


@pytest.mark.parametrize("place", [41.0, 88.7228, 119.0])
def test_a_threshold_has_three_digits(place):
    dial = Dial(at=lambda s: s, low=40, high=120, told="above {}")
    told = threshold(dial, 0, lambda strength, seed: strength > place)
    assert told == f"above {place:.3g}"


def test_a_whole_threshold_is_exact():
    dial = Dial(at=lambda s: s, low=6, high=1025, told="{} long", whole=True)
    assert threshold(dial, 0, lambda strength, seed: strength >= 300) == "300 long"


@pytest.mark.parametrize("fails", [lambda s, seed: True, lambda s, seed: False])
def test_a_way_that_does_not_lead_there_tells_nothing(fails):
    assert threshold(Dial(lambda s: s, 1.0, 2.0, "{}"), 0, fails) is None


def test_progress_names_every_row():
    seen = []
    softmax_ = right("softmax")
    inputs = softmax_.inputs(np.random.default_rng(0))
    check(softmax_.forward, inputs, vjp=softmax_.backward, progress=lambda *told: seen.append(told))
    assert seen == [(k, len(ROWS), row.name) for k, row in enumerate(ROWS)]


def test_the_budget_is_counted_in_evaluations(monkeypatch):
    softmax_ = right("softmax")
    inputs = softmax_.inputs(np.random.default_rng(0))
    whole = check(softmax_.forward, inputs, vjp=softmax_.backward).evaluations
    monkeypatch.setattr(run, "_MOST_EVALUATIONS", 50)
    cut = check(softmax_.forward, inputs, vjp=softmax_.backward).evaluations
    none = check(softmax_.forward, inputs, vjp=softmax_.backward, battery=False).evaluations
    assert none.forward < cut.forward < whole.forward


def test_a_large_example_is_looked_at_in_small():
    x = np.random.default_rng(0).normal(size=(2000, 100))
    report = check(np.square, (x,), vjp=lambda g, x: 2 * g * x * (1 + (x > 60).any()))
    assert report.trigger == "entries of x exceed 60"


def test_what_breaks_in_a_variant_is_not_the_caller_s():
    def picky(x):
        if x.shape != (4, 6):
            raise SystemError("only for 4×6")
        return np.square(x)

    x = np.random.default_rng(0).normal(size=(4, 6))
    assert check(picky, (x,), vjp=lambda g, x: 2 * g * x).ok is True
