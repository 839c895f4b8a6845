"""The identities that each function declares, for random logits in every library."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import FUNCTIONS
from support.libraries import EPSILON, library_params, numbers
from support.strategies import draws, seeds

LAWS = [
    pytest.param(f, law, id=f"{f.name}: {law.statement}")
    for f in FUNCTIONS.values()
    for law in f.laws
]


def test_every_function_declares_a_law():
    assert all(f.laws for f in FUNCTIONS.values())


CHECKED = [p for p in library_params() if p.id != "jax64-float32"]


@pytest.mark.parametrize(("library", "dtype"), CHECKED)
@pytest.mark.parametrize(("f", "law"), LAWS)
@settings(max_examples=10)
@given(seed=seeds, shape=st.sampled_from([(1, 1), (3, 5)]), c=st.integers(-64, 64))
def test_law(f, law, library, dtype, seed, shape, c):
    # multiples of 1/256, which a shift by a whole number leaves exact
    x = np.round(draws(seed, shape) * 256) / 256
    with library.mode():
        left, right = (numbers(side) for side in law.sides(f, library.array(x, dtype), float(c)))
    scale = 1 + np.abs(right)
    bound = (2 * f.numerics.value + shape[1]) * EPSILON[dtype]
    assert (np.abs(left - right) <= bound * scale).all(), (left, right)
