"""Rows with a convention of their own."""

from dataclasses import replace

import numpy as np
import pytest
from native.harness import Call
from native.measure import PRECISIONS, Precision
from native.special import TABLES, encoded, portably

NAN, INF = np.nan, np.inf

ALONG_AN_AXIS = [
    kernel
    for kernel in TABLES
    if kernel.split("_")[0] in ("softmax", "logsumexp", "weighted", "centering", "functional")
    or kernel.startswith("log_softmax")
]
"""Kernels that take rows in lanes."""

LENGTHS = [1, 2, 3, 7, 16, 17, 64, 65, 1000, 300_000]
DTYPES = ["float32", "float64"]
TOLERANCE = {"float32": 1e-5, "float64": 1e-13, "float16": 2e-3, "bfloat16": 1e-2}


def agrees(found: np.ndarray, expected: np.ndarray, precision: Precision) -> np.ndarray:
    """Tell where numbers agree: NaN with NaN, infinity with infinity, an exact 0 with 0."""
    smallest = np.ldexp(1.0, precision.lowest - precision.digits)
    huge = np.abs(expected) > precision.largest
    expected = np.where(huge, np.copysign(np.inf, expected), expected)
    with np.errstate(all="ignore"):
        near = np.abs(found - expected) <= TOLERANCE[precision.name] * np.abs(expected) + smallest
    near &= (expected != 0) | (found == 0)
    return near | (found == expected) | (np.isnan(found) & np.isnan(expected))


@pytest.mark.parametrize("inner", [1, 33])
@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
def test_special_numbers_mean_what_they_mean_in_portable_python(precision, inner, outputs_of):
    tables = [
        (kernel, arrays)
        for kernel, make in TABLES.items()
        for arrays in make(precision)
        if inner == 1 or kernel in ALONG_AN_AXIS
    ]
    calls = [replace(encoded(kernel, arrays, precision), inner=inner) for kernel, arrays in tables]
    wrong = {}
    for (kernel, arrays), outputs in zip(tables, outputs_of(calls), strict=True):
        for k, (y, expected) in enumerate(zip(outputs, portably(kernel, arrays), strict=True)):
            found = precision.decode(y)
            assert (y[1::2] == y[1]).all(), f"{kernel} {k}: ordinary rows differ"
            same = agrees(found[::2], expected, precision)
            for i in np.argwhere(~same)[:1]:
                at = [a[i[0]].tolist()[:3] for a in arrays]
                wrong[kernel, k, arrays[0].shape] = at, found[::2][tuple(i)], expected[tuple(i)]
    assert wrong == {}


def rows(n: int, dtype: str, *special: tuple[slice | int, float]) -> np.ndarray:
    """Return three ordinary rows of n, the middle one with special entries."""
    x = np.linspace(-3, 3, 3 * n, dtype=dtype).reshape(3, n)
    for place, value in special:
        x[1, place] = value
    return x


@pytest.fixture(scope="module", params=DTYPES)
def computed(request, target, outputs_of):
    """Return the softmax by (kind, length)."""
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
    found = outputs_of([Call("softmax", x.shape[1], [x]) for x in arrays.values()])
    return {name: y for name, (y,) in zip(arrays, found, strict=True)}


@pytest.mark.parametrize("n", LENGTHS)
class TestSpecialRows:
    @pytest.mark.parametrize(
        "kind",
        ["nan", "last nan", "inf", "inf and -inf", "nan and inf", "nan and -inf", "all nan"],
    )
    def test_undefined_rows_are_nan(self, computed, kind, n):
        assert np.isnan(computed[f"{kind} {n}"][1]).all()

    def test_a_row_of_minus_infinity_is_zero(self, computed, n):
        assert (computed[f"all -inf {n}"][1] == 0).all()

    def test_the_only_possible_entry_is_certain(self, computed, n):
        y = computed[f"all but one -inf {n}"][1]
        assert y[-1] == 1 and (y[:-1] == 0).all()

    def test_neighbours_are_unharmed(self, computed, n):
        ordinary = computed[f"ordinary {n}"][[0, 2]]
        assert np.isfinite(ordinary).all()
        for name, y in computed.items():
            if name.split()[-1] == str(n):
                np.testing.assert_array_equal(y[[0, 2]], ordinary, err_msg=name)


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
class TestCertainty:
    """A row's only possible entry, whatever its logit, has probability 1 and costs nothing."""

    @pytest.fixture
    def row(self, precision):
        x = np.random.default_rng(0).uniform(-300, 300, (1000, 1))
        masked = np.full((1000, 20), -INF)
        return precision.encode(np.concatenate([x, masked, x - 200], axis=1))

    @pytest.mark.parametrize("width", [1, 21, 22])
    def test_of_one_entry(self, precision, row, width, outputs_of):
        x = np.ascontiguousarray(row[:, :width])
        target = np.zeros(len(x), np.int64)
        asked = [x, target, None, None]
        (p,), (log_p,), (lse,), (loss, slope) = outputs_of(
            [
                Call("softmax", width, [x]),
                Call("log_softmax", width, [x], (-INF,)),
                Call("logsumexp", width, [x]),
                Call("cross_entropy_grad", width, [*asked, None], (1, 0, 0, 1, 0, 0)),
            ]
        )
        certain = width < 22 or precision.is_half or precision.name == "float32"
        p, log_p, slope = (precision.decode(a) for a in (p, log_p, slope))
        assert (p[:, 0] == 1).all() and (p[:, 1:21] == 0).all()
        assert (lse == x[:, 0]).all()
        if certain:
            assert (log_p[:, 0] == 0).all() and (loss == 0).all() and (slope == 0).all()
        else:
            assert ((log_p[:, 0] > -1e-80) & (log_p[:, 0] < 0)).all()
            assert ((loss > 0) & (loss < 1e-80)).all()


@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
def test_masked_entries_are_exact_zeros(target, precision, outputs_of):
    x = np.random.default_rng(0).standard_normal((50, 77))
    masked = x > 0.3
    x = precision.encode(np.where(masked, -INF, x))
    targets = np.argmin(masked, axis=1)
    plain = (1, 0, 0, 1, 0, 0)
    (p,), (log_p, q), (_, r), (_, slope) = (
        [precision.decode(a) if a.dtype == x.dtype else a for a in outputs]
        for outputs in outputs_of(
            [
                Call("softmax", 77, [x]),
                Call("log_softmax_fields", 77, [x], (-INF,)),
                Call("logsumexp_fields", 77, [x]),
                Call("cross_entropy_grad", 77, [x, targets, None, None, None], plain),
            ]
        )
    )
    for y in (p, q, r, slope):
        assert (y[masked] == 0).all() and (y[~masked] != 0).all()
    assert (log_p[masked] == -INF).all() and np.isfinite(log_p[~masked]).all()


class TestCrossEntropy:
    """Conventions that only the kernel's own arguments can state."""

    @pytest.fixture(params=PRECISIONS)
    def asked(self, request, outputs_of):
        precision = PRECISIONS[request.param]

        def run(x, target, given=(None, None, None), constants=(1, 0, 0, 1, 0, 0)):
            wide = "f8" if precision.name == "float64" else "f4"
            gains, offsets, shares = given
            offsets = None if offsets is None else np.asarray(offsets, wide)
            x = precision.encode(np.asarray(x, float))
            arrays = [x, np.asarray(target, np.int64), gains, offsets, shares]
            n = x.shape[1]
            (loss,), (same, slope) = outputs_of(
                [
                    Call("cross_entropy", n, arrays[:-1], constants),
                    Call("cross_entropy_grad", n, arrays, constants),
                ]
            )
            np.testing.assert_allclose(loss, same, rtol=1e-6)
            return loss, precision.decode(slope)

        return run

    @pytest.mark.parametrize("content", [0.0, NAN, INF, -INF])
    def test_an_ignored_row_costs_nothing_whatever_it_holds(self, asked, content):
        x = np.full((3, 40), content)
        loss, slope = asked(x, [-1, -1, -100], constants=(0.9, 0.1, 4, 1, 0.5, 0.5))
        assert (loss == 0).all() and (slope == 0).all()

    @pytest.mark.parametrize("smoothing", [0.0, 0.1])
    def test_a_row_without_possible_classes_costs_nothing(self, asked, smoothing):
        loss, slope = asked(np.full((2, 33), -INF), [0, 32], constants=(1, smoothing, 3, 1, 1, 1))
        assert (loss == 0).all() and (slope == 0).all()

    def test_an_impossible_target_costs_infinity_and_moves_nothing(self, asked):
        loss, slope = asked([[0.0, -INF, 1.0]], [1])
        assert loss == INF
        assert (slope == 0).all()

    def test_a_dead_class_with_an_offset_costs_infinity_and_has_no_gradient(self, asked):
        loss, slope = asked([[0.0, -INF, 1.0]], [0], constants=(0.7, 0.1, 0.3, 1, 0, 0))
        p = np.exp([0.0, 1.0]) / (1 + np.e)
        assert loss == INF
        assert slope[0, 1] == 0
        np.testing.assert_allclose(slope[0, [0, 2]], 0.9 * p - [0.8, 0.1], rtol=1e-2)

    def test_a_dead_class_without_an_offset_is_not_read(self, asked):
        given = (np.array([0.7]), [0.1, 0.0, 0.1], np.array([1.0]))
        loss, slope = asked([[0.0, -INF, 1.0]], [0], given, (0, 0, 0.2, 0, 0, 0))
        assert np.isfinite(loss).all() and np.isfinite(slope).all() and slope[0, 1] == 0

    def test_ties_share(self, asked):
        loss, slope = asked(np.full((1, 4), 7.5), [2])
        np.testing.assert_allclose(loss, np.log(4), rtol=1e-6)
        np.testing.assert_array_equal(slope, [[0.25, 0.25, -0.75, 0.25]])


def test_every_kernel_has_a_table(worker):
    listed = {line.split()[0] for line in worker("letters").stdout.splitlines()}
    losses = {f"{kind}cross_entropy" for kind in ("", "soft_", "binary_")}
    assert listed == {*TABLES, *losses, *(f"{loss}_grad" for loss in losses)}
