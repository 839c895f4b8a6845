"""Zeros among positive entries: planted where the function goes on below them, nowhere else."""

import numpy as np
import pytest

from softgrad.check import check

X = np.random.default_rng(6).uniform(0.5, 1.5, size=(3, 5))


def product_slope(x):
    d = np.empty_like(x)
    for k in range(x.shape[-1]):
        d[..., k] = np.delete(x, k, -1).prod(-1)
    return d


@pytest.mark.parametrize(
    "slope",
    [
        lambda x: x.prod(-1)[..., None] / x,
        lambda x: np.where(x == 0, 0, x.prod(-1)[..., None] / np.where(x == 0, 1, x)),
    ],
    ids=["nan", "zero"],
)
def test_a_division_by_what_may_be_zero_is_caught(slope):
    def product(x):
        return x.prod(-1)

    report = check(product, (X,), vjp=lambda g, x: g[..., None] * slope(x))
    assert report.trigger == "x has entries that are exactly 0"
    assert check(product, (X,), vjp=lambda g, x: g[..., None] * product_slope(x)).ok is True


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.log, np.reciprocal),
        (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
        (np.abs, lambda x: np.abs(x) / x),
        (lambda x: x * np.sqrt(np.abs(x)), lambda x: 1.5 * np.abs(x) ** 0.5),
        (lambda x: np.log(np.maximum(x, 1e-12)), lambda x: 1 / np.maximum(x, 1e-12)),
        (lambda x: np.maximum(x, 0) ** 1.5, lambda x: 1.5 * np.maximum(x, 0) ** 0.5),
        (lambda x: x**3, lambda x: 3 * x * x),
    ],
    ids=["log", "sqrt", "abs", "power", "clamped log", "half power", "cube"],
)
def test_a_function_of_positive_numbers_is_left_alone(f, slope):
    report = check(f, (X,), vjp=lambda g, x: g * slope(x), battery=["zeros among positive entries"])
    assert report.ok is True, report
