"""What the compiled module accepts, refuses and leaves alone."""

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from native.harness import run_worker

native = pytest.importorskip("softgrad._native", exc_type=ImportError)

from native.layout import (  # noqa: E402
    CONSTANTS,
    STORED,
    any_inputs,
    call,
    entries,
    kind,
    read_only,
    shape,
    unaligned,
)

KERNELS = entries()
ROWS, N = 3, 8

EVERY_ARRAY = [
    (name, k) for name, entry in KERNELS.items() for k in range(len(entry.inputs + entry.outputs))
]
ALIKE = [
    (name, k)
    for name, entry in KERNELS.items()
    for k, letter in enumerate(entry.inputs)
    if entry.outputs == letter and letter in "xe"
]
"""Kernels of one output, with each input that is like it."""


def arrays_of(kernel: str, stored: str = "f4") -> list[np.ndarray]:
    """Return arrays that a kernel takes, inputs and outputs."""
    entry = KERNELS[kernel]
    inputs = any_inputs(kernel, stored, ROWS, N)
    out = [np.full(shape(c, ROWS, N), 7, kind(c, stored)) for c in entry.outputs]
    return inputs + out


def run(kernel: str, arrays: list) -> None:
    native.run(KERNELS[kernel].place, N, 1, *arrays, *CONSTANTS)


def _strided(a):
    return np.repeat(a, 2, axis=-1)[..., ::2]


CONTIGUOUS = "must be C-contiguous, aligned and in native byte order"
DTYPE = "must (have the dtype of array 0|have the precision that|be (float|int64|boolean))"

FAULTS = {
    "a list": (lambda a: a.tolist(), "an array"),
    "nothing": (lambda a: None, "an array"),
    "strided": (_strided, CONTIGUOUS),
    "another dtype": (lambda a: a.astype("i4"), DTYPE),
    "one element less": (lambda a: a.reshape(-1)[:-1], "has the wrong size"),
    "read-only": (read_only, "must be writable"),
    "unaligned": (unaligned, CONTIGUOUS),
    "another byte order": (lambda a: a.astype(a.dtype.newbyteorder()), CONTIGUOUS),
}


def is_fault(kernel: str, place: int, fault: str) -> bool:
    """Tell whether a kernel has reason to refuse it of an array."""
    entry = KERNELS[kernel]
    letter = (entry.inputs + entry.outputs)[place]
    is_input = place < len(entry.inputs)
    if fault == "read-only":
        return not is_input
    if fault == "nothing":
        return not (is_input and entry.optional[place])
    if fault == "one element less":  # of single entries there is no fixed number
        return not (place == 0 and letter == "e")
    return not (letter == "b" and fault in ("unaligned", "another byte order"))


@pytest.mark.parametrize(
    ("kernel", "place", "fault"),
    [(*array, fault) for array, fault in product(EVERY_ARRAY, FAULTS) if is_fault(*array, fault)],
)
def test_what_does_not_fit_is_refused_by_its_place(kernel, place, fault):
    change, message = FAULTS[fault]
    arrays = arrays_of(kernel)
    arrays[place] = change(arrays[place])
    before = [np.array(a, copy=True) for a in arrays]
    with pytest.raises(ValueError, match=message) as refused:
        run(kernel, arrays)
    assert re.search(rf"\barray {place}\b", str(refused.value))
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(np.array(a), b)


@pytest.mark.parametrize(("kernel", "place"), EVERY_ARRAY)
def test_an_output_may_not_share_part_of_another_array(kernel, place):
    arrays, first_out = arrays_of(kernel), len(KERNELS[kernel].inputs)
    for out in range(first_out, len(arrays)):
        if out == place:
            continue
        memory = np.zeros(4096, "u1")
        taken = arrays[place].nbytes
        arrays[place] = memory[:taken].view(arrays[place].dtype).reshape(arrays[place].shape)
        start = taken - arrays[place].itemsize
        start -= start % arrays[out].itemsize
        clash = memory[start : start + arrays[out].nbytes].view(arrays[out].dtype)
        if start == 0:
            continue
        overlapping = [*arrays[:out], clash.reshape(arrays[out].shape), *arrays[out + 1 :]]
        with pytest.raises(ValueError, match=rf"{kernel}: array \d must not overlap another array"):
            run(kernel, overlapping)


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
@pytest.mark.parametrize(("kernel", "place"), ALIKE)
def test_in_place(kernel, place, stored):
    for rows, n in ((4, 9), (701, 2001), (2, 300_000)):
        given = any_inputs(kernel, stored, rows, n)
        expected = call(kernel, n, given, CONSTANTS)[0].copy()
        native.run(KERNELS[kernel].place, n, 1, *given, given[place], *CONSTANTS)
        assert given[place].tobytes() == expected.tobytes()


@pytest.mark.parametrize(("kernel", "place"), [("functional_transposed", 1), ("cross_entropy", 2)])
def test_an_output_that_begins_at_an_unlike_input_is_refused(kernel, place):
    arrays = arrays_of(kernel)
    out = arrays[-1]
    shared = out.reshape(-1)[: arrays[place].size]
    shared[...] = arrays[place]
    arrays[place] = shared
    with pytest.raises(ValueError, match="must not overlap another array"):
        run(kernel, arrays)


def test_threads_do_not_share_scratch_memory():
    jobs = [
        (kernel, n, any_inputs(kernel, stored, 40, n))
        for kernel, stored, n in product(KERNELS, STORED.values(), (903, 1021))
    ]

    def compute(job):
        kernel, n, arrays = job
        return [y.tobytes() for y in call(kernel, n, arrays, CONSTANTS)]

    with ThreadPoolExecutor(8) as pool:
        for found, job in zip(pool.map(compute, jobs * 2), jobs * 2, strict=True):
            assert found == compute(job), job[0]


@pytest.mark.parametrize("kernel", KERNELS)
def testread_only_inputs_are_taken_and_left_alone(kernel):
    inputs = [read_only(a) for a in any_inputs(kernel, "f4", ROWS, N)]
    before = [a.tobytes() for a in inputs]
    call(kernel, N, inputs, CONSTANTS)
    assert [a.tobytes() for a in inputs] == before


@pytest.mark.parametrize("kernel", KERNELS)
def test_no_rows_are_no_work(kernel):
    inputs = [
        a if c == "c" else a[:0]
        for c, a in zip(KERNELS[kernel].inputs, any_inputs(kernel, "f4", ROWS, N), strict=True)
    ]
    assert all(y.size == 0 for y in call(kernel, N, inputs, CONSTANTS))


@pytest.mark.parametrize("index", [N, 2**62])
@pytest.mark.parametrize("kernel", [name for name, e in KERNELS.items() if "i" in e.inputs])
def test_an_index_out_of_range_is_refused(kernel, index):
    arrays = arrays_of(kernel)
    place = KERNELS[kernel].inputs.index("i")
    arrays[place][1] = index
    with pytest.raises(ValueError, match=f"{kernel}: array {place} must hold indices below n"):
        run(kernel, arrays)
    assert (arrays[-1] == 7).all()


X = np.ones((ROWS, N), np.float32)
OUT = np.empty_like(X)
SOFTMAX = KERNELS["softmax"].place

MISUSES = {
    "nothing": ((), "run takes a kernel, n, inner, arrays and constants"),
    "no such kernel": ((len(KERNELS), N, 1, X, OUT), "there is no such kernel"),
    "a negative kernel": ((-1, N, 1, X, OUT), "there is no such kernel"),
    "no row": ((SOFTMAX, 0, 1, X, OUT), "n and inner must be at least 1"),
    "nothing between": ((SOFTMAX, N, 0, X, OUT), "n and inner must be at least 1"),
    "too far apart": ((SOFTMAX, N, 2, X, OUT), "array 0 must have a multiple of n"),
    "no output": ((SOFTMAX, N, 1, X), "softmax: too few arrays"),
    "too many constants": ((SOFTMAX, N, 1, X, OUT, *range(7)), "too many constants"),
}


@pytest.mark.parametrize("case", MISUSES)
def test_misuse_is_refused(case):
    given, message = MISUSES[case]
    with pytest.raises(ValueError, match=message):
        native.run(*given)


@pytest.mark.parametrize(
    "given",
    [
        ("softmax", N, 1, X, OUT),
        (0, "N", 1, X, OUT),
        (0, N, "1", X, OUT),
        (0, N, 1, X, OUT, "one"),
    ],
)
def test_what_is_no_number_is_refused(given):
    with pytest.raises(TypeError):
        native.run(*given)


def test_the_best_target_leads_and_is_in_use():
    assert native.targets()
    assert native.isa() in native.targets()
    assert run_worker("", "isa").stdout.strip() == native.targets()[0]


def test_the_stub_is_current():
    from nanobind.stubgen import StubGen

    generator = StubGen(native)
    generator.put(native)
    stub = Path(native.__file__).parent / "_native.pyi"
    assert stub.read_text() == generator.get()
