"""Long rows, large logits and common offsets: where a maximum subtracted carelessly shows."""

import numpy as np
import pytest
from mpmath import mp
from scipy import special
from support.libraries import JAX32, JAX64, NUMPY, TORCH, library_params, numbers, rounded

import softgrad
from softgrad.oracle.bounds import excess, ulp

CHECKED = library_params(NUMPY, TORCH, JAX32, JAX64)

DRAWS = {
    "normal × 1": lambda rng, n: rng.normal(size=n),
    "normal × 10": lambda rng, n: 10 * rng.normal(size=n),
    "to ±1e4": lambda rng, n: rng.uniform(-1e4, 1e4, n),
    "normal × 1e4": lambda rng, n: 1e3 * rng.normal(0, 10, n),
}
LENGTHS = (1, 2, 3, 7, 64, 1000, 131_072)


def exact_softmax(x: np.ndarray) -> np.ndarray:
    """Return softmax at 40 digits; what no double can hold is 0."""
    top = float(x.max())
    found = np.full(x.shape, mp.mpf(0), dtype=object)
    with mp.workdps(40):
        near = np.flatnonzero(x > top - 800)
        weights = [mp.exp(mp.mpf(float(v)) - mp.mpf(top)) for v in x[near]]
        total = mp.fsum(weights)
        found[near] = [w / total for w in weights]
    return found


def ulps(found: np.ndarray, exact: np.ndarray, dtype: str, tiny: float) -> float:
    """Return the largest error in ulp."""
    return float(excess(found, exact, ulp(exact.astype(np.float64), dtype, tiny)).max())


def draw(name: str, n: int, dtype: str) -> np.ndarray:
    return rounded(DRAWS[name](np.random.default_rng(n), n), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "n"),
    [
        (name, n)
        for name in DRAWS
        for n in LENGTHS
        if n < 131_072 or name in ("to ±1e4", "normal × 1e4")
    ],
)
def test_softmax_of_every_length(name, n, dtype):
    x = draw(name, n, dtype)
    exact = exact_softmax(x)
    for library in (NUMPY, TORCH, JAX32, JAX64):
        if dtype in library.dtypes:
            with library.mode():
                p = numbers(softgrad.softmax(library.array(x, dtype)))
            worst = ulps(p, exact, dtype, library.tiny(dtype))
            assert worst <= softgrad.softmax.numerics.value, f"{library.name}: {worst:.3g} ulp"


@pytest.mark.parametrize(("library", "dtype"), CHECKED)
def test_softmax_of_a_long_flat_row(library, dtype):
    """Every one of 131,072 entries counts here: the sum's own error shows."""
    x = draw("normal × 1", 131_072, dtype)
    wide = x.astype(np.longdouble)
    weights = np.exp(wide - wide.max())
    exact = weights / weights.sum()
    with library.mode():
        p = numbers(softgrad.softmax(library.array(x, dtype)))
    step = ulp(exact.astype(np.float64), dtype, library.tiny(dtype))
    assert (np.abs(p - exact) / step).max() <= softgrad.softmax.numerics.value


def test_the_meter_sees_a_careless_softmax():
    """SciPy's rounding of x − max is far outside the bound, and is seen to be."""
    x = draw("normal × 1e4", 1000, "float64") / 64
    assert ulps(special.softmax(x), exact_softmax(x), "float64", 2.0**-1074) > 4


OFFSETS = (0.0, 1.0, -1e2, 1e3, -1e4, 1e5, 1e6, -1e6)


@pytest.mark.parametrize(("library", "dtype"), CHECKED)
@pytest.mark.parametrize("offset", OFFSETS)
def test_losses_do_not_feel_an_offset(library, dtype, offset):
    rng = np.random.default_rng(5)
    # multiples of 1/16 stay exact in float32 at an offset of a million
    x = np.round(rng.normal(0, 3, (6, 9)) * 16) / 16 + offset
    assert (rounded(x, dtype) == x).all()
    y = rng.integers(0, 9, 6)
    with mp.workdps(50):
        rows = [[mp.mpf(float(v)) for v in row] for row in x]
        lse = np.array([mp.log(mp.fsum(map(mp.exp, row))) for row in rows])
        loss = np.array([s - row[k] for s, row, k in zip(lse, rows, y, strict=True)])
    with library.mode():
        z, target = library.array(x, dtype), library.array(y)
        found = numbers(softgrad.cross_entropy(z, target, reduction="none"))
        mean = float(softgrad.cross_entropy(z, target))
        total = numbers(softgrad.logsumexp(z))
    assert excess(found, loss, np.full(6, 1e-6)).max() <= 1
    assert abs(mean - float(sum(loss) / 6)) <= 1e-6
    assert ulps(found, loss, dtype, 0.0) <= softgrad.cross_entropy.numerics.value
    size = np.maximum(np.abs(lse.astype(float)), np.abs(x).max(axis=1))
    bound = softgrad.logsumexp.numerics.value * ulp(size, dtype, 0.0)
    assert excess(total, lse, bound).max() <= 1
