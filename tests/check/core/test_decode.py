"""A few wrong entries among many are found exactly, in a few evaluations."""

import numpy as np
import pytest
from check.core.probing import off_at, softmax, subject_of

from softgrad.check.locate.decode import decode
from softgrad.check.locate.entries import locate
from softgrad.check.measure.probe import probe

ENOUGH = {1: 24, 3: 80, 10: 400}


def wrong_softmax(n, k, share, dtype, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1, n)).astype(dtype)
    places = np.sort(rng.choice(n, k, replace=False))
    signs = rng.integers(0, 2, k) * 2 - 1
    return x, places, off_at(places, 1 + share * signs * (1 + rng.random(k)))


@pytest.mark.parametrize("k", ENOUGH)
@pytest.mark.parametrize("n", [300, 50_000])
def test_the_wrong_entries_and_no_others(n, k):
    spent = []
    for seed in range(6):
        x, places, backward = wrong_softmax(n, k, 0.1, np.float64, seed)
        with subject_of(softmax, (x,), vjp=backward) as subject:
            seen = probe(subject, seed)
            before = subject.tally.forward
            decoded = decode(seen.instrument, seen.first, np.arange(n), seed)
            assert decoded.found == places.tolist()
            assert not decoded.unsure
            spent.append(subject.tally.forward - before)
    assert np.mean(spent) <= ENOUGH[k]


@pytest.mark.parametrize("share, dtype", [(1e-5, np.float64), (0.01, np.float32)])
def test_a_small_error_of_one_entry(share, dtype):
    x, places, backward = wrong_softmax(2000, 1, share, dtype, 5)
    with subject_of(softmax, (x,), vjp=backward) as subject:
        seen = probe(subject, 0)
        assert seen.status == "wrong"
        found = locate(seen.instrument, seen.first, 0)
    (entry,) = found.entries
    assert entry.index == (0, places[0])
    right = seen.first.d[places[0]] - entry.true
    assert abs(right) > 8 * entry.error
    assert found.masks["x"].sum() == 1


def test_many_wrong_entries_are_sampled():
    x, _, backward = wrong_softmax(5000, 2000, 1.0, np.float64, 0)
    with subject_of(softmax, (x,), vjp=backward) as subject:
        seen = probe(subject, 0)
        found = locate(seen.instrument, seen.first, 0)
    assert found.masks == {"x": None}
    assert found.entries
    assert "drawn at random" in found.told[0]
    assert all(abs(e.claimed - e.true) > 8 * e.error for e in found.entries)


def test_below_resolution_is_said():
    # the forward pass holds 24 bits whatever it is given: one entry drowns in its rounding
    def coarse(x):
        return softmax(x.astype(np.float32)).astype(x.dtype)

    n = 20_000
    x = np.random.default_rng(0).normal(size=(1, n))
    backward = off_at(np.array([n // 2]), np.array([8.0]))
    with subject_of(coarse, (x,), vjp=backward) as subject:
        seen = probe(subject, 0)
        if seen.status == "wrong":
            found = locate(seen.instrument, seen.first, 0)
            assert not found.entries or found.entries[0].index == (0, n // 2)
