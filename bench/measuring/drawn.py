"""Kinds of example arrays by name, for tables of functions that no one here wrote."""

from collections.abc import Callable

import numpy as np

__all__ = ["Maker", "at", "classes", "distribution", "normal", "positive", "signs", "tied", "unit"]

Maker = Callable[[np.random.Generator], np.ndarray]


def normal(*shape: int) -> Maker:
    """Return N(0, 1) numbers."""
    return lambda rng: rng.normal(size=shape)


def positive(*shape: int) -> Maker:
    """Return numbers in [0.5, 3]."""
    return lambda rng: rng.uniform(0.5, 3.0, shape)


def unit(*shape: int) -> Maker:
    """Return numbers in [0.05, 0.95]."""
    return lambda rng: rng.uniform(0.05, 0.95, shape)


def distribution(*shape: int) -> Maker:
    """Return rows of probabilities."""
    return lambda rng: rng.dirichlet(np.ones(shape[-1]) * 2, shape[:-1])


def classes(high: int, *shape: int) -> Maker:
    """Return integers below ``high``."""
    return lambda rng: rng.integers(0, high, shape)


def signs(*shape: int) -> Maker:
    """Return the integers −1 and 1."""
    return lambda rng: rng.choice([-1, 1], shape)


def at(*values: float) -> Maker:
    """Return 12 numbers in a random order: three of each value, the others of N(0, 1)."""

    def make(rng: np.random.Generator) -> np.ndarray:
        return rng.permutation([*values * 3, *rng.normal(size=12 - 3 * len(values))])

    return make


def tied(*shape: int) -> Maker:
    """Return numbers that are 0, 1 or 2."""
    return lambda rng: rng.integers(0, 3, shape) * 1.0
