"""Rows with a convention of their own, and the memory around the rows."""

import sys

import numpy as np
import pytest

NAN, INF = np.nan, np.inf

LENGTHS = [1, 2, 3, 7, 16, 17, 64, 65, 1000, 300_000]
DTYPES = ["float32", "float64"]


def rows(n: int, dtype: str, *special: tuple[slice | int, float]) -> np.ndarray:
    """Return three ordinary rows of n, the middle one with special entries."""
    x = np.linspace(-3, 3, 3 * n, dtype=dtype).reshape(3, n)
    for place, value in special:
        x[1, place] = value
    return x


@pytest.fixture(scope="module", params=DTYPES)
def computed(request, target, softmax_of):
    """Return inputs and outputs by (kind, length)."""
    arrays = {}
    every = slice(None)
    for n in LENGTHS:
        special = {
            "ordinary": (),
            "nan": ((n // 2, NAN),),
            "last nan": ((-1, NAN),),
            "inf": ((n // 2, INF),),
            "inf and -inf": ((0, -INF), (-1, INF)),
            "nan and inf": ((0, NAN), (-1, INF)),
            "nan and -inf": ((every, -INF), (0, NAN)),
            "all nan": ((every, NAN),),
            "all -inf": ((every, -INF),),
            "all but one -inf": ((every, -INF), (-1, -1e4)),
        }
        for kind, places in special.items():
            arrays[f"{kind} {n}"] = rows(n, request.param, *places)
    return arrays, softmax_of(target, arrays)


@pytest.mark.parametrize("n", LENGTHS)
class TestSpecialRows:
    @pytest.mark.parametrize(
        "kind",
        ["nan", "last nan", "inf", "inf and -inf", "nan and inf", "nan and -inf", "all nan"],
    )
    def test_undefined_rows_are_nan(self, computed, kind, n):
        assert np.isnan(computed[1][f"{kind} {n}"][1]).all()

    def test_a_row_of_minus_infinity_is_zero(self, computed, n):
        assert (computed[1][f"all -inf {n}"][1] == 0).all()

    def test_the_only_possible_entry_is_certain(self, computed, n):
        y = computed[1][f"all but one -inf {n}"][1]
        assert y[-1] == 1 and (y[:-1] == 0).all()

    def test_neighbours_are_unharmed(self, computed, n):
        ordinary = computed[1][f"ordinary {n}"][[0, 2]]
        assert np.isfinite(ordinary).all()
        for name, y in computed[1].items():
            if name.split()[-1] == str(n):
                np.testing.assert_array_equal(y[[0, 2]], ordinary, err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_entry_has_exactly_probability_one(target, dtype, softmax_of):
    x = np.random.default_rng(0).uniform(-300, 300, (1000, 1)).astype(dtype)
    beside = np.concatenate([x, np.full((1000, 20), -INF, dtype), x - 200], axis=1)
    y = softmax_of(target, {"alone": x, "beside": beside})
    assert (y["alone"] == 1).all()
    assert (y["beside"][:, 0] == 1).all()


def test_masked_entries_are_exact_zeros(target, softmax_of):
    x = np.random.default_rng(0).standard_normal((50, 77)).astype("f4")
    masked = x > 0.3
    x[masked] = -INF
    y = softmax_of(target, {"x": x})["x"]
    assert (y[masked] == 0).all() and (y[~masked] > 0).all()


@pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")
def test_nothing_is_read_or_written_past_the_end(target, worker):
    done = worker(target, "edge")
    assert (done.returncode, done.stdout.strip()) == (0, "unharmed"), done.stderr


def test_the_environment_chooses_the_target(target, worker):
    assert worker(target, "isa").stdout.strip() == target


def test_an_unknown_target_is_refused(worker):
    done = worker("z80", "isa")
    assert done.returncode == 1
    assert "ValueError: SOFTGRAD_ISA=z80 names no target of this machine" in done.stderr
