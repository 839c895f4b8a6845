"""Kernels called by name on arrays that their own letters describe; ``native/kernels.hpp``."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from softgrad import _native

STORED = {"float32": "f4", "float64": "f8", "float16": "f2", "bfloat16": "u2"}
"""How each precision lies in an array; NumPy has no bfloat16, so its bits are given."""


@dataclass(frozen=True)
class Entry:
    """A kernel: its place in the module, and the letters of its arrays."""

    place: int
    letters: str

    @property
    def inputs(self) -> str:
        return self.letters.split(">")[0].replace("?", "")

    @property
    def outputs(self) -> str:
        return self.letters.split(">")[1]

    @property
    def optional(self) -> list[bool]:
        """Tell of each input whether it may be absent."""
        given = self.letters.split(">")[0]
        return [given[k + 1 : k + 2] == "?" for k, c in enumerate(given) if c != "?"]


@cache
def entries() -> dict[str, Entry]:
    """Return every kernel of the module by name."""
    return {name: Entry(k, letters) for k, (name, letters) in enumerate(_native.kernels())}


def kind(letter: str, stored: str) -> np.dtype:
    """Return the dtype of an array of that letter."""
    wide = "f8" if stored == "f8" else "f4"
    return np.dtype({"b": "?", "i": "i8", "d": "f8", "c": wide}.get(letter, stored))


def shape(letter: str, rows: int, n: int) -> tuple[int, ...]:
    """Return the shape of an array of that letter."""
    known = {"x": (rows, n), "e": (rows, n), "b": (rows, n), "c": (n,), "m": (rows, n, n)}
    return known.get(letter, (rows,))


def streamed_rows(kernel: str, stored: str, n: int) -> int:
    """Return from how many rows of n on the kernel's results go around the cache."""
    largest = n * n if "m" in entries()[kernel].outputs else n
    return STREAMED // largest // np.dtype(stored).itemsize + 1


def call(
    kernel: str,
    n: int,
    inputs: Sequence[np.ndarray | None],
    constants: Sequence[float] = (),
    inner: int = 1,
) -> list[np.ndarray]:
    """Run a kernel into new arrays, which lie along an axis with ``inner`` entries behind each."""
    entry, first = entries()[kernel], inputs[0]
    assert first is not None
    rows, stored = first.size // n, first.dtype.str
    out = [np.full(shape(c, rows, n), 7, kind(c, stored)) for c in entry.outputs]
    _native.run(entry.place, n, inner, *inputs, *out, *constants)
    return out


def apart(letter: str, array: np.ndarray | None, inner: int) -> np.ndarray | None:
    """Return the rows of an array laid along an axis with ``inner`` entries behind each."""
    if array is None or letter not in "xb":
        return array
    rows, n = array.shape
    strips = array.reshape(rows // inner, inner, n).swapaxes(1, 2)
    return np.ascontiguousarray(strips).reshape(rows, n)


def as_rows(letter: str, array: np.ndarray, inner: int) -> np.ndarray:
    """Undo :func:`apart`."""
    if letter not in "xb":
        return array
    rows, n = array.shape
    return array.reshape(rows // inner, n, inner).swapaxes(1, 2).reshape(rows, n)


def repeated(
    kernel: str,
    n: int,
    inputs: Sequence[np.ndarray | None],
    constants: Sequence[float],
    inner: int,
) -> list[np.ndarray]:
    """Run a kernel on rows that are repeated until they fill an axis; all copies give the same."""
    entry, first = entries()[kernel], inputs[0]
    assert first is not None
    rows = first.size // n
    source = np.arange(-(-rows // inner) * inner) % rows
    laid = [
        apart(c, a if a is None or c == "c" else np.ascontiguousarray(a[source]), inner)
        for c, a in zip(entry.inputs, inputs, strict=True)
    ]
    found = []
    for c, y in zip(entry.outputs, call(kernel, n, laid, constants, inner), strict=True):
        every = as_rows(c, y, inner)
        found.append(np.ascontiguousarray(every[:rows]))
        assert every.tobytes() == found[-1][source].tobytes(), f"{kernel}: lanes differ"
    return found


def any_inputs(kernel: str, stored: str, rows: int, n: int) -> list[np.ndarray]:
    """Return arrays that every kernel takes: weights are positive, targets are classes or -1."""
    rng = np.random.default_rng(n)

    def draw(letter: str) -> np.ndarray:
        dtype, size = kind(letter, stored), shape(letter, rows, n)
        if letter == "i":
            return rng.integers(-1, n, size)
        if letter == "b":
            return rng.random(size) < 0.7
        values = rng.uniform(0.1, 4, size)
        if dtype == "u2":
            return (values.astype("f4").view("u4") >> 16).astype("u2")
        return values.astype(dtype)

    return [draw(letter) for letter in entries()[kernel].inputs]


CONSTANTS = (0.9, 0.1, 0.2, 0.5, 0.01, 0.02)
"""Any six numbers: a kernel reads as many as it has constants."""

STREAMED = 4 << 20
"""Bytes from which on results go around the cache."""


def unaligned(a: np.ndarray) -> np.ndarray:
    """Return an array of a's dtype and shape one byte off its alignment."""
    inside = np.zeros(a.nbytes + 1, "u1")[1:]
    return inside.view(a.dtype).reshape(a.shape)


def read_only(a: np.ndarray) -> np.ndarray:
    """Return a copy that cannot be written to."""
    b = a.copy()
    b.flags.writeable = False
    return b
