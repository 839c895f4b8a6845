"""Every backward pass, with every loss, at every learning rate, from every seed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from softgrad.check import Report, check
from softgrad.demo.backwards import RIGHT, WRONG, Backward, forward
from softgrad.demo.digits import Digits
from softgrad.demo.train import LOSSES, TEMPERATURE, Loss, Training, train

__all__ = ["RATE", "RATES", "RUNS", "Runs", "Study", "ask_checker", "seeds", "study", "total"]

RATE = 0.03
RATES = (RATE / 10, RATE, RATE * 10)
RUNS = 3


@dataclass(frozen=True)
class Runs:
    """The runs of one backward pass with one loss at one learning rate: one row per seed."""

    rate: float
    accuracy: np.ndarray
    loss: np.ndarray

    @property
    def final(self) -> np.ndarray:
        """Each run's accuracy after the last epoch."""
        return self.accuracy[:, -1]

    @property
    def diverged(self) -> bool:
        """Whether a run ended in NaN."""
        return bool(np.isnan(self.loss[:, -1]).any())

    def reached(self, accuracy: float) -> int | None:
        """Return the first epoch whose mean accuracy is at least this, counted from 1."""
        there = np.flatnonzero(self.accuracy.mean(axis=0) >= accuracy)
        return int(there[0]) + 1 if there.size else None


@dataclass(frozen=True)
class Study:
    """All runs, by loss name and backward name; each entry holds one :class:`Runs` per rate."""

    runs: dict[tuple[str, str], tuple[Runs, ...]]
    chance: float
    epochs: int

    def at_rate(self, loss: Loss, backward: Backward) -> Runs:
        """Return the runs at the rate that suits the right backward pass."""
        return next(r for r in self.runs[loss.name, backward.name] if r.rate == RATE)


def seeds(rate: float) -> range:
    """Return the seeds to run at a rate, counted from the first: several at the main one."""
    return range(RUNS if rate == RATE else 1)


def total() -> int:
    """Return the number of networks that :func:`study` trains."""
    return len((RIGHT, *WRONG)) * len(LOSSES) * sum(len(seeds(rate)) for rate in RATES)


def study(digits: Digits, *, epochs: int, seed: int, done: Callable[[str], None]) -> Study:
    """Train them all; ``done`` is called after each run with the name of its backward pass."""
    runs = {}
    for backward in (RIGHT, *WRONG):
        for loss in LOSSES:
            rates = []
            for rate in RATES:
                trained = []
                for k in seeds(rate):
                    trained.append(
                        train(digits, loss, backward, rate=rate, epochs=epochs, seed=seed + k)
                    )
                    done(backward.name)
                rates.append(_together(rate, trained))
            runs[loss.name, backward.name] = tuple(rates)
    return Study(runs, digits.chance, epochs)


def _together(rate: float, trained: list[Training]) -> Runs:
    return Runs(rate, np.stack([t.accuracy for t in trained]), np.stack([t.loss for t in trained]))


def ask_checker(backward: Backward, seed: int) -> Report:
    """Return what :func:`softgrad.check` says of a backward pass, on a small batch of logits."""
    logits = TEMPERATURE * np.random.default_rng(seed).normal(size=(8, 10))
    return check(
        forward,
        {"x": logits, "temperature": TEMPERATURE},
        wrt="x",
        vjp=backward.run,
        like="softmax",
        seed=seed,
    )
