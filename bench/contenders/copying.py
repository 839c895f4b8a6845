"""The copy that everything is measured by: past the caches where it does not fit into them.

It is compiled when it is needed; without a compiler NumPy's copy stands in, and says so.
"""

import ctypes
import shlex
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from sysconfig import get_config_var

import numpy as np
from bench.kernels.cases import Case, logits
from bench.measuring.document import ROOT

SOURCE = Path(__file__).with_name("native_copy.cpp")

CACHED = 8 << 20
"""Results up to so many bytes are taken to stay in a cache."""


def every_work(case: Case) -> Callable[[], object]:
    """Return a copy of the logits."""
    x = logits(case)
    name = "copy" if x.nbytes <= CACHED else "copy_past_caches"
    return _in_threads(name, np.zeros_like(x), x, case.threads)


def dense_jacobian(case: Case) -> Callable[[], object]:
    """Return the filling of a matrix."""
    matrix = np.ones((case.n, case.n), case.kind)
    return _in_threads("fill_past_caches", matrix, matrix, case.threads)


def _in_threads(name: str, to: np.ndarray, source: np.ndarray, threads: int) -> Callable:
    library, to, source = _library(), to.reshape(-1), source.reshape(-1)
    edges = [to.size * k // threads for k in range(threads + 1)]
    parts = [slice(a, b) for a, b in pairwise(edges)]
    calls = [
        _native(library, name, to[part], source[part])
        if library
        else partial(np.copyto, to[part], source[part])
        for part in parts
    ]
    if len(calls) == 1:
        return calls[0]
    pool = ThreadPoolExecutor(len(calls))
    return lambda: [done.result() for done in [pool.submit(call) for call in calls]]


def _native(library: ctypes.CDLL, name: str, to: np.ndarray, source: np.ndarray) -> Callable:
    run = library[name]
    run.argtypes, run.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t], None
    addresses = to.ctypes.data, source.ctypes.data

    def call(held: object = (to, source)) -> None:
        run(*addresses, to.nbytes)

    return call


@cache
def _library() -> ctypes.CDLL | None:
    built = ROOT / "build" / "bench" / "native_copy.so"
    built.parent.mkdir(parents=True, exist_ok=True)
    compiler = shlex.split(get_config_var("CXX") or "c++")[0]
    flags = ["-std=c++17", "-O3", "-march=native", "-shared", "-fPIC"]
    try:
        line = [compiler, *flags, str(SOURCE), "-o", str(built)]
        subprocess.run(line, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as why:
        print(f"no copy past the caches, NumPy's is taken instead: {why}", file=sys.stderr)
        return None
    return ctypes.CDLL(str(built))
