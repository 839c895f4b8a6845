"""Kernels run where a wrong address shows; part of the worker."""

import ctypes
import mmap
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
from layout import (
    CONSTANTS,
    STORED,
    any_inputs,
    apart,
    as_rows,
    call,
    entries,
    kind,
    repeated,
    shape,
    streamed_rows,
)

from softgrad import _native

Place = Callable[[int, np.dtype, tuple[int, ...]], np.ndarray]
"""Where the array of a number, dtype and shape lies."""

APART = [(inner, n) for inner in (2, 3, 15, 16, 17, 33) for n in (1, 2, 3, 5, 9, 15)]
"""How far apart the elements of rows lie, and how many a row has: what fits a page twice."""

OFFSETS = [(3, 1, [1, 2, 3]), (3, 33, range(1, 20)), (2, 200, [1, 5])]
"""Rows, their length, and where they start."""


NEAR = {
    size: {"rtol": 40 * unit, "atol": 40 * unit}
    for size, unit in {"f4": 2**-23, "f8": 2**-52, "f2": 2**-10, "u2": 2**-7}.items()
}
"""How far rows along different axes may be from each other: they are added up in other orders."""


def decoded(a: np.ndarray) -> np.ndarray:
    """Return the numbers of an array, of which the bits of bfloat16 are given."""
    return (a.astype("u4") << 16).view("f4") if a.dtype == "u2" else a


def _absences(kernel: str, inputs: list[np.ndarray]) -> Iterator[list[np.ndarray | None]]:
    """Yield the inputs with all and with none of the optional ones."""
    optional = entries()[kernel].optional
    yield list(inputs)
    if any(optional):
        yield [None if o else a for o, a in zip(optional, inputs, strict=True)]


def _placed(
    kernel: str, n: int, given: Sequence[np.ndarray | None], place: Place, inner: int
) -> list[np.ndarray]:
    """Run a kernel on arrays of which ``place`` decides where they lie."""
    entry = entries()[kernel]
    first = given[0]
    assert first is not None
    arrays: list[np.ndarray | None] = []
    for array in given:
        if array is not None:
            copy = place(len(arrays), array.dtype, array.shape)
            copy[...] = array
            array = copy
        arrays.append(array)
    rows, stored = first.size // n, first.dtype.str
    out = [
        place(len(arrays) + k, kind(c, stored), shape(c, rows, n))
        for k, c in enumerate(entry.outputs)
    ]
    _native.run(entry.place, n, inner, *arrays, *out, *CONSTANTS)
    for array, copy in zip(given, arrays, strict=True):
        if array is not None:
            assert copy.tobytes() == array.tobytes(), f"{kernel} wrote into an input"
    return out


def agree(kernel: str, stored: str, rows: int, n: int, place: Place, inner: int = 1) -> None:
    for given in _absences(kernel, any_inputs(kernel, stored, rows, n)):
        letters = entries()[kernel]
        laid = [apart(c, a, inner) for c, a in zip(letters.inputs, given, strict=True)]
        found = _placed(kernel, n, laid, place, inner)
        expected = call(kernel, n, given, CONSTANTS)
        some = [0, rows // 2, rows - 1]
        alone = [
            a if a is None or c == "c" else a[some]
            for c, a in zip(letters.inputs, given, strict=True)
        ]
        wanted = (
            repeated(kernel, n, alone, CONSTANTS, inner)
            if inner > 1
            else [y[some] for y in expected]
        )
        for c, y, plain, want in zip(letters.outputs, found, expected, wanted, strict=True):
            told = as_rows(c, y, inner)
            where = f"{kernel} {stored} {rows}x{n}, {inner} apart"
            assert told[some].tobytes() == want.tobytes(), where
            if inner == 1:
                assert told.tobytes() == plain.tobytes(), where
            else:
                np.testing.assert_allclose(*map(decoded, (told, plain)), **NEAR[told.dtype.str[1:]])


def _walled(count: int, pages: int = 1) -> tuple[mmap.mmap, int]:
    """Return memory in which every other block of pages can be neither read nor written."""
    page = pages * mmap.PAGESIZE
    memory = mmap.mmap(-1, (2 * count + 1) * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    for wall in range(0, 2 * count + 1, 2):
        if libc.mprotect(ctypes.c_void_p(start + wall * page), ctypes.c_size_t(page), 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    return memory, page


def at_the_edge() -> None:
    """Run every kernel on rows that end, or begin, exactly where accessible memory does."""
    memory, page = _walled(9, pages=2 * 130 * 130 * 8 // mmap.PAGESIZE + 1)

    def ending(k: int, dtype: np.dtype, size: tuple[int, ...]) -> np.ndarray:
        start = (2 * k + 2) * page - int(np.prod(size)) * dtype.itemsize
        return np.frombuffer(memory, dtype, int(np.prod(size)), start).reshape(size)

    def beginning(k: int, dtype: np.dtype, size: tuple[int, ...]) -> np.ndarray:
        start = (2 * k + 1) * page
        return np.frombuffer(memory, dtype, int(np.prod(size)), start).reshape(size)

    for kernel in entries():
        for stored in STORED.values():
            for n in range(1, 131):
                for place in (ending, beginning):
                    agree(kernel, stored, 2, n, place)
            for (inner, n), place in product(APART, (ending, beginning)):
                if entries()[kernel].inputs[0] != "e":
                    agree(kernel, stored, inner, n, place, inner)
    print("unharmed")


def trespass() -> None:
    """Read one byte past the end, which the walls must punish."""
    memory, page = _walled(1)
    print(memory[2 * page])


def _shifted(kernel: str, stored: str, rows: int, n: int, start: int) -> None:
    """Run a kernel from an offset in a cache line, with other data on both sides."""
    margin, filler = 40, 1
    around = []

    def place(k: int, dtype: np.dtype, size: tuple[int, ...]) -> np.ndarray:
        count = int(np.prod(size))
        around.append(np.full(count + margin, filler, dtype))
        return around[-1][start : start + count].reshape(size)

    agree(kernel, stored, rows, n, place)
    for buffer in around:
        outside = np.delete(buffer, np.s_[start : start + buffer.size - margin])
        assert (outside == filler).all(), f"{kernel} {stored} {rows}x{n} at {start}"


def at_any_offset() -> None:
    """Run every kernel from every offset in a cache line, and large results from one."""
    for kernel, stored in product(entries(), STORED.values()):
        for rows, n, starts in OFFSETS:
            for start in starts:
                _shifted(kernel, stored, rows, n, start)
        _shifted(kernel, stored, streamed_rows(kernel, stored, 301), 301, 3)
    print("unharmed")


def in_parts() -> None:
    """Show that large results, which are streamed, equal those of a few rows at a time."""
    n = 301
    for (kernel, entry), stored in product(entries().items(), STORED.values()):
        rows = streamed_rows(kernel, stored, n)
        inputs = any_inputs(kernel, stored, rows, n)
        whole = call(kernel, n, inputs, CONSTANTS)
        for part in (slice(0, 3), slice(rows // 2, rows // 2 + 5), slice(rows - 7, rows)):
            given = [a if c == "c" else a[part] for c, a in zip(entry.inputs, inputs, strict=True)]
            for y, all_rows in zip(call(kernel, n, given, CONSTANTS), whole, strict=True):
                assert y.tobytes() == all_rows[part].tobytes(), f"{kernel} {stored}"
    print("equal")


STRIDED = [
    *product((1, 3), (1, 2, 7, 16, 33, 65, 300), (1, 2, 3, 15, 16, 17, 33)),
    (40, 5, 700),
    (1, 700, 1001),
    (2, 8000, 40),
]
"""Outer size, length of a row, and inner size; of the last ones results are streamed."""


def along_any_axis() -> None:
    """Run every kernel along axes that are not the last one."""

    def place(k: int, dtype: np.dtype, size: tuple[int, ...]) -> np.ndarray:
        return np.full(size, 7, dtype)

    for (kernel, entry), stored in product(entries().items(), STORED.values()):
        longest = 65 if "m" in entry.outputs else 8000
        for outer, n, inner in STRIDED if entry.inputs[0] != "e" else ():
            if n <= longest:
                agree(kernel, stored, outer * inner, n, place, inner)
    print("equal")
