"""The words follow from the numbers, whatever the numbers are."""

import numpy as np
import pytest

pytest.importorskip("rich")

from softgrad.demo.backwards import RIGHT, WRONG
from softgrad.demo.study import RATE, RATES, Runs, Study
from softgrad.demo.train import LOSSES
from softgrad.demo.verdict import Verdict, judge

LOSS, BUG = LOSSES[0], WRONG[0]
GOOD = [0.5, 0.8, 0.95, 0.96]


def runs(rate: float, *accuracies: list[float], loss: float = 0.1) -> Runs:
    accuracy = np.array(accuracies)
    return Runs(rate, accuracy, np.full(accuracy.shape, loss))


def verdict(*of_bug: Runs, right: list[float] = GOOD) -> Verdict:
    """Judge a bug by made-up runs at three rates; the middle one is the main rate."""
    of_right = tuple(runs(rate, right, right) for rate in RATES)
    both = {(LOSS.name, RIGHT.name): of_right, (LOSS.name, BUG.name): of_bug}
    return judge(Study(both, chance=0.1, epochs=4), LOSS, BUG)


def at_all(*accuracies: list[float], loss: float = 0.1) -> tuple[Runs, ...]:
    return tuple(runs(rate, *accuracies, loss=loss) for rate in RATES)


def test_no_learning_at_any_rate_cripples() -> None:
    said = verdict(*at_all([0.1] * 4, [0.12] * 4))
    assert said.kind == "cripples"
    assert "ends at 11% (guessing: 10%). No learning rate tried helps." in said.sentence
    assert "NaN" not in said.sentence


def test_overflow_is_told() -> None:
    assert "overflow to NaN" in verdict(*at_all([0.1] * 4, loss=np.nan)).sentence


def test_a_better_rate_is_told() -> None:
    flat, better = [0.1] * 4, [0.3, 0.5, 0.6, 0.7]
    said = verdict(runs(RATES[0], better), runs(RATE, flat), runs(RATES[2], flat))
    assert said.kind == "cripples"
    assert f"With the rate at {RATES[0]:g} it reaches 70%." in said.sentence


def test_a_short_rise_is_told() -> None:
    flat, short = [0.1] * 4, [0.3, 0.5, 0.2, 0.1]
    said = verdict(runs(RATES[0], short), runs(RATE, flat), runs(RATES[2], flat))
    assert f"touches 50% (rate {RATES[0]:g}, epoch 2) and falls back to 10%" in said.sentence


def test_a_spread_between_seeds_is_told() -> None:
    said = verdict(*at_all([0.1] * 4, [0.5] * 4))
    assert said.kind == "cripples"
    assert "From 10% to 50% by seed." in said.sentence


def test_later_is_slower() -> None:
    said = verdict(*at_all([0.2, 0.4, 0.6, 0.8]))
    assert said.kind == "slows"
    assert "ends at 80% instead of 96%;" in said.sentence
    assert "passes 86% not within 4 epochs (right: 3)." in said.sentence


def test_a_rate_that_repairs_it_is_told() -> None:
    late = [0.2, 0.4, 0.6, 0.8]
    said = verdict(runs(RATES[0], late), runs(RATE, late), runs(RATES[2], GOOD))
    assert f"With the rate at {RATES[2]:g} it ends at 96%." in said.sentence


def test_one_bad_seed_slows() -> None:
    said = verdict(*at_all(*[GOOD] * 9, [0.5, 0.8, 0.95, 0.89]))
    assert said.kind == "slows"
    assert "Its worst seed ends at 89%." in said.sentence


def test_as_good_as_right_hides() -> None:
    said = verdict(*at_all(GOOD))
    assert said == Verdict("hides", "96% against 96%: accuracy does not show it.")


def test_nothing_is_said_before_the_right_one_has_learned() -> None:
    said = verdict(*at_all([0.1] * 4), right=[0.1, 0.1, 0.12, 0.15])
    assert said.kind == "too early"


@pytest.mark.parametrize(("mark", "epoch"), [(0.4, 1), (0.9, 3), (0.99, None)])
def test_reached(mark: float, epoch: int | None) -> None:
    assert runs(RATE, GOOD, GOOD).reached(mark) == epoch
