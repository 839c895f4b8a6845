"""The memory of large results: kept for the next ones, within its bounds."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("softgrad._native", exc_type=ImportError)

import softgrad
from softgrad.errors import ArgumentError

linux = pytest.mark.skipif(sys.platform != "linux", reason="nothing is kept elsewhere")

X = np.random.default_rng(0).standard_normal((2048, 2100), dtype=np.float32)
SHIFTED = X[:, ::-1].copy()
USUAL = 1 << 28
BLOCK = 9 << 21
"""What one result takes in pages of 2 MB."""


@pytest.fixture(autouse=True)
def usual_limit():
    softgrad.set_kept_memory(0)
    softgrad.set_kept_memory(None)
    yield
    softgrad.set_kept_memory(None)


def address(y) -> int:
    return y.data_ptr() if hasattr(y, "data_ptr") else y.ctypes.data


def softmax(x):
    return softgrad.softmax(x)


def in_torch(x):
    torch = pytest.importorskip("torch")
    return softgrad.softmax(torch.from_numpy(x))


def gradient(x):
    return softgrad.value_and_grad(softgrad.cross_entropy, x, np.zeros(len(x), int))[1]


MAKERS = [softmax, in_torch, gradient]


@linux
@pytest.mark.parametrize("make", MAKERS)
def test_memory_of_a_result_that_is_gone_serves_the_next(make):
    expected = np.asarray(make(SHIFTED)).copy()
    first = make(X)
    place = address(first)
    del first
    second = make(SHIFTED)
    assert address(second) == place
    np.testing.assert_array_equal(np.asarray(second), expected)


@pytest.mark.parametrize("make", MAKERS)
def test_results_that_are_there_share_nothing(make):
    results = [make(x) for x in (X, SHIFTED, X)]
    copies = [np.asarray(y).copy() for y in results]
    assert len({address(y) for y in results}) == 3
    del results[1]
    make(SHIFTED)
    np.testing.assert_array_equal(np.asarray(results[0]), copies[0])
    np.testing.assert_array_equal(np.asarray(results[1]), copies[2])


def resident() -> int:
    with open("/proc/self/statm") as counts:
        return int(counts.read().split()[1]) * 4096


@linux
@pytest.mark.parametrize(("limit", "kept"), [(0, 0), (20 << 20, 1), (40 << 20, 2), (None, 4)])
def test_no_more_is_kept_than_the_limit(limit, kept):
    softgrad.set_kept_memory(limit)
    assert softgrad.get_kept_memory() == (USUAL if limit is None else limit)
    softgrad.softmax(X[:8])
    before = resident()
    results = [softgrad.softmax(X) for _ in range(4)]
    assert resident() - before > 3.9 * X.nbytes
    del results
    assert (kept - 0.3) * BLOCK < resident() - before < (kept + 0.3) * BLOCK
    softgrad.set_kept_memory(0)
    assert resident() - before < 0.3 * BLOCK


@linux
def test_results_of_many_sizes_are_not_kept_for_ever():
    softgrad.set_kept_memory(1 << 40)
    before = resident()
    for rows in range(2000, 2048, 3):
        softgrad.softmax(X[:rows])
    assert resident() - before < 9 * BLOCK


@pytest.mark.parametrize("limit", [-1, 1.5, "all", True])
def test_a_limit_is_a_number_of_bytes(limit):
    with pytest.raises(ArgumentError, match="limit must be None or an integer of at least 0"):
        softgrad.set_kept_memory(limit)


def test_a_result_is_an_array_like_others():
    y = softgrad.softmax(X)
    expected = y.copy()
    assert y.flags.owndata and y.flags.writeable and y.base is None
    for rows in (3000, 2, 2500):
        y.resize((rows, X.shape[1]), refcheck=False)
        same = min(rows, 2)
        np.testing.assert_array_equal(y[:same], expected[:same])
        assert not y[len(X) :].any()


def test_threads_do_not_share_it():
    expected = {x.ctypes.data: softgrad.softmax(x) for x in (X, SHIFTED)}

    def right(k: int) -> bool:
        x = (X, SHIFTED)[k % 2]
        return bool((softgrad.softmax(x) == expected[x.ctypes.data]).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(right, range(12)))


FORKED = """
import os, numpy as np, softgrad
x = np.ones((2048, 2100), np.float32)
expected = softgrad.softmax(x)
kept = softgrad.softmax(x)
del kept
child = os.fork()
y = softgrad.softmax(x)
right = bool((y == expected).all())
if child == 0:
    os._exit(0 if right else 1)
assert right and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@linux
def test_a_forked_process_has_its_own():
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
