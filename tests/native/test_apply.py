"""What ``apply`` makes of NumPy's and torch's arrays: results, or None where it takes them not."""

import ml_dtypes
import numpy as np
import pytest

torch = pytest.importorskip("torch")
native = pytest.importorskip("softgrad._native", exc_type=ImportError)

from native.layout import (  # noqa: E402
    CONSTANTS,
    any_inputs,
    call,
    entries,
    read_only,
    shape,
    unaligned,
)

KERNELS = entries()
N = 7
ALIKE = [name for name, entry in KERNELS.items() if set(entry.outputs) <= set("xerm")]
OTHERS = [name for name in KERNELS if name not in ALIKE]
SINGLE = [name for name in ALIKE if KERNELS[name].outputs in ("x", "e", "r")]

DTYPES = {
    "float32": (np.float32, torch.float32),
    "float64": (np.float64, torch.float64),
    "float16": (np.float16, torch.float16),
    "bfloat16": (ml_dtypes.bfloat16, torch.bfloat16),
}
SHAPES = [(7,), (3, 7), (2, 3, 7), (2, 1, 3, 1, 7)]


def stored(dtype: str) -> str:
    return "u2" if dtype == "bfloat16" else np.dtype(DTYPES[dtype][0]).str


def in_numpy(a: np.ndarray | None, dtype: str) -> np.ndarray | None:
    return a.view(DTYPES[dtype][0]) if a is not None and a.dtype == np.uint16 else a


def in_torch(a: np.ndarray | None, dtype: str) -> torch.Tensor | None:
    if a is None or a.dtype != np.uint16:
        return None if a is None else torch.from_numpy(a)
    return torch.from_numpy(a).view(torch.bfloat16)


def bits(y) -> np.ndarray:
    """Return an array's memory, of either library."""
    if not isinstance(y, torch.Tensor):
        return np.array(y).view(f"u{y.itemsize}")
    return y.view({2: torch.int16, 4: torch.int32, 8: torch.int64}[y.itemsize]).numpy()


def given(kernel: str, dtype: str, size: tuple[int, ...]) -> list[np.ndarray | None]:
    """Return inputs of a kernel, one number per row in the shape that leaves."""
    rows = int(np.prod(size[:-1]))
    letters = KERNELS[kernel].inputs
    found = any_inputs(kernel, stored(dtype), rows, size[-1])
    return [a.reshape(size[:-1] if c == "r" else size) for c, a in zip(letters, found, strict=True)]


def applied(kernel: str, arrays, out=None):
    found = native.apply(KERNELS[kernel].place, *arrays, out, *CONSTANTS)
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("library", [in_numpy, in_torch])
@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kernel", ALIKE)
def test_results_are_new_arrays_of_the_first_ones_kind(kernel, dtype, size, library):
    arrays = given(kernel, dtype, size)
    flat = [a.reshape(-1) if a.shape != size else a.reshape(-1, N) for a in arrays]
    expected = call(kernel, N, flat, CONSTANTS)
    found = applied(kernel, [library(a, dtype) for a in arrays])
    for letter, y, e in zip(KERNELS[kernel].outputs, found, expected, strict=True):
        assert tuple(y.shape) == {"r": size[:-1], "m": (*size, N)}.get(letter, size)
        assert y.dtype == DTYPES[dtype][library is in_torch]
        np.testing.assert_array_equal(
            bits(y).reshape(-1).view(f"u{y.itemsize}"), e.reshape(-1).view(f"u{y.itemsize}")
        )


@pytest.mark.parametrize("library", [in_numpy, in_torch])
@pytest.mark.parametrize("kernel", SINGLE)
def test_a_result_in_an_array_that_is_there(kernel, library):
    arrays = [library(a, "float32") for a in given(kernel, "float32", (3, N))]
    letter = KERNELS[kernel].outputs
    out = library(np.full(shape(letter, 3, N), 7, np.float32), "float32")
    assert applied(kernel, arrays, out)[0] is out
    np.testing.assert_array_equal(bits(out), bits(applied(kernel, arrays)[0]))


X = np.linspace(-1, 1, 3 * N, dtype=np.float32).reshape(3, N)
PLACE = KERNELS["softmax"].place


MEMORY = np.zeros((4, N), np.float32)

NOT_TAKEN = {
    "a list": [1.0, 2.0],
    "a number": 1.0,
    "0-d": np.array(1.0),
    "empty": X[:0],
    "an empty axis": X[:, :0],
    "strided": X[:, ::2],
    "transposed": X.T,
    "integers": X.astype("i4"),
    "bits of bfloat16": X.astype("u2"),
    "another byte order": X.astype(X.dtype.newbyteorder()),
    "unaligned": unaligned(X),
    "a subclass": np.ma.masked_array(X),
    "objects": X.astype(object),
    "another 16-bit type of ml_dtypes": X.astype(ml_dtypes.float8_e4m3fn),
    "a sparse tensor": torch.ones(3, N).to_sparse(),
    "a tensor without memory": torch.ones(3, N, device="meta"),
    "a transposed tensor": torch.ones(3, N).T,
    "a complex tensor": torch.ones(3, N, dtype=torch.complex64),
}
NOT_WRITTEN = {
    "a list": X.tolist(),
    "another shape": np.empty((N, 3), np.float32),
    "more dimensions": np.empty((1, 3, N), np.float32),
    "another dtype": np.empty((3, N)),
    "read-only": read_only(X),
    "strided": np.empty((3, 2 * N), np.float32)[:, ::2],
    "part of the input": MEMORY[1:],
    "of another library": torch.empty(3, N),
    "a subclass": np.ma.masked_array(X),
}


@pytest.mark.parametrize("case", NOT_TAKEN)
def test_what_it_does_not_take_as_it_lies_gives_none(case):
    assert native.apply(PLACE, NOT_TAKEN[case], None) is None


@pytest.mark.parametrize("case", NOT_WRITTEN)
def test_where_it_cannot_write_it_gives_none_and_writes_nothing(case):
    out = NOT_WRITTEN[case]
    x = MEMORY[:3] if case == "part of the input" else X
    before = np.asarray(out).copy()
    assert native.apply(PLACE, x, out) is None
    assert native.takes(x, out) is False
    np.testing.assert_array_equal(np.asarray(out), before)


def test_takes_wants_other_memory_for_the_result():
    assert native.takes(X, None) and native.takes(X, np.empty_like(X))
    assert not native.takes(X, X)


@pytest.mark.parametrize("kernel", OTHERS)
def test_kernels_whose_results_are_of_another_kind_are_refused(kernel):
    arrays = any_inputs(kernel, "f4", 3, N)
    with pytest.raises(ValueError, match="results are like array 0"):
        native.apply(KERNELS[kernel].place, *arrays, None)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="apply takes a kernel, arrays, out and constants"):
        native.apply(0, X)
    with pytest.raises(ValueError, match="too few arrays"):
        native.apply(KERNELS["weighted_centering"].place, X, None)
    with pytest.raises(ValueError, match="there is no such kernel"):
        native.apply(len(KERNELS), X, None)
    with pytest.raises(TypeError):
        native.apply(KERNELS["log_softmax"].place, X, None, "a")


class TestIndices:
    def test_right_ones_are_returned_as_they_are(self):
        t = np.array([0, 2, 1])
        found, count = native.indices(t, 3, -100)
        assert found is t and count == 3

    def test_ignored_ones_are_marked_in_a_copy(self):
        t = np.array([[0, -100], [9, 1]])
        found, count = native.indices(t, 10, -100)
        assert (found.tolist(), count, t[0, 1]) == ([0, -1, 9, 1], 3, -100)

    @pytest.mark.parametrize("stray", [-1, 3, -100, 2**62, -(2**63)])
    def test_strays_give_none(self, stray):
        assert native.indices(np.array([0, stray]), 3, None) is None

    @pytest.mark.parametrize("t", [[0, 1], np.array([0], "i4"), np.arange(4)[::2], np.array([0.0])])
    def test_what_is_no_plain_array_of_int64_gives_none(self, t):
        assert native.indices(t, 9, None) is None
