"""What the compiled module accepts, refuses and leaves alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

native = pytest.importorskip("softgrad._native", exc_type=ImportError)

DTYPES = [np.float32, np.float64]


def softmax(x):
    out = np.empty_like(x)
    native.softmax(x, out)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 5, 16, 33, 200])
def test_any_offset_gives_the_same_and_touches_nothing_else(dtype, n):
    row = np.random.default_rng(n).standard_normal((3, n)).astype(dtype)
    expected = softmax(row)
    for start in range(20):
        source = np.full(3 * n + 40, 9, dtype)
        target = np.full(3 * n + 40, 8, dtype)
        inside = slice(start, start + 3 * n)
        source[inside] = row.ravel()
        native.softmax(source[inside].reshape(3, n), target[inside].reshape(3, n))
        np.testing.assert_array_equal(target[inside].reshape(3, n), expected)
        assert (np.delete(target, np.arange(start, start + 3 * n)) == 8).all()
        np.testing.assert_array_equal(source[inside], row.ravel())


@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 3, 7), (2, 1, 3, 1, 7), (0, 7)])
def test_leading_dimensions_are_rows(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(softmax(x), softmax(x.reshape(-1, 7)).reshape(shape))


@pytest.mark.parametrize("shape", [(4, 9), (700, 2001), (2, 300_000)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(shape, dtype):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    expected = softmax(x)
    native.softmax(x, x)
    np.testing.assert_array_equal(x, expected)


def test_threads_do_not_share_scratch_memory():
    draw = np.random.default_rng(0).standard_normal
    arrays = [draw((200, n)) for n in range(900, 932)]
    with ThreadPoolExecutor(8) as pool:
        for y, x in zip(pool.map(softmax, arrays), arrays, strict=True):
            np.testing.assert_array_equal(y, softmax(x))


def read_only(x):
    x.flags.writeable = False
    return x


X = np.ones((3, 4), np.float32)

REFUSED = {
    "read-only out": (X, read_only(X.copy()), TypeError, "incompatible function arguments"),
    "another shape": (X, X[:2], ValueError, r"out has shape \(2, 4\), x \(3, 4\)"),
    "another dtype": (X, X.astype("f8"), TypeError, "out must have the dtype of x"),
    "integers": (X.astype("i4"), X, TypeError, "x must be float32 or float64"),
    "half precision": (X.astype("f2"), X, TypeError, "x must be float32 or float64"),
    "objects": (X.astype(object), X, TypeError, "incompatible function arguments"),
    "another byte order": (X.astype(X.dtype.newbyteorder()), X, TypeError, "incompatible"),
    "a list": ([1.0, 2.0], X, TypeError, "incompatible function arguments"),
    "a scalar": (X[0, 0].reshape(()), X, ValueError, "x must have a last axis"),
    "an empty axis": (X[:, :0], X, ValueError, "x must have a last axis of at least 1"),
    "strided x": (X[:, ::2], X, ValueError, "x must be C-contiguous"),
    "strided out": (X[:, ::2].copy(), X[:, ::2], ValueError, "out must be C-contiguous"),
    "unaligned": (
        np.zeros(17, "u1")[1:].view("f4"),
        X,
        ValueError,
        "x must be C-contiguous and aligned",
    ),
    "overlap": (X.reshape(-1)[:8], X.reshape(-1)[4:], ValueError, "must not overlap"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    x, out, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        native.softmax(x, out)
    assert (X == 1).all()


def test_the_best_target_leads_and_is_in_use(monkeypatch):
    assert native.targets()
    assert native.isa() in native.targets()


def test_the_stub_is_current():
    from nanobind.stubgen import StubGen

    generator = StubGen(native)
    generator.put(native)
    stub = Path(native.__file__).parent / "_native.pyi"
    assert stub.read_text() == generator.get()
