"""Contenders and the processes they run in: one for each library and each setting of malloc.

Each library has a process of its own, so that thread pools, allocators and the order of imports
of one do not touch another. All of them are kept on the same cores and asked in turn.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from bench.kernels import worker

__all__ = ["CONTENDERS", "COPY", "OURS", "OURS_OUT", "OURS_TUNED", "Contender", "Processes"]

TUNABLES = {"hugetlb": 1, "mmap_threshold": 1 << 40, "trim_threshold": 1 << 40, "arena_max": 1}
TUNED = {"GLIBC_TUNABLES": ":".join(f"glibc.malloc.{k}={v}" for k, v in TUNABLES.items())}
"""What lets glibc keep freed memory and ask for huge pages: large results then cost no faults."""


@dataclass(frozen=True)
class Contender:
    """A way to do a work: a module of :mod:`bench.contenders` and where it runs."""

    name: str
    module: str
    library: str
    tuned: bool = False


OURS = Contender("softgrad", "softgrad_fresh", "softgrad")
OURS_OUT = Contender("softgrad out=", "softgrad_out", "softgrad")
OURS_TUNED = Contender("softgrad tuned", "softgrad_fresh", "softgrad", tuned=True)
COPY = Contender("copy", "copying", "copy")

CONTENDERS = [
    OURS,
    OURS_OUT,
    OURS_TUNED,
    Contender("softgrad kernel", "softgrad_kernel", "softgrad"),
    Contender("softgrad, torch tensor", "softgrad_torch", "softgrad with torch"),
    COPY,
    Contender("torch", "torch_eager", "torch"),
    Contender("torch out=", "torch_out", "torch"),
    Contender("torch.compile", "torch_compile", "torch"),
    Contender("torch.compile by hand", "torch_by_hand", "torch"),
    Contender("torch tuned", "torch_eager", "torch", tuned=True),
    Contender("torch.compile tuned", "torch_compile", "torch", tuned=True),
    Contender("torch.compile by hand tuned", "torch_by_hand", "torch", tuned=True),
    Contender("JAX", "jax_jit", "jax"),
    Contender("JAX tuned", "jax_jit", "jax", tuned=True),
    Contender("SciPy", "scipy_special", "scipy"),
    Contender("NumPy", "numpy_plain", "numpy"),
    Contender("onnxruntime", "onnxruntime_run", "onnxruntime"),
    Contender("onnxruntime out=", "onnxruntime_bound", "onnxruntime"),
]


class Processes:
    """The running processes, started when they are first asked for something."""

    def __init__(self, threads: int) -> None:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._cores = tuple(cores[-threads:])
        self._threads = threads
        self._running: dict[tuple[str, bool], ProcessPoolExecutor] = {}

    def ask(self, contender: Contender, question: Callable[..., Any], *args: Any) -> Any:
        """Run a function of :mod:`bench.kernels.worker` for a contender."""
        return self._of(contender).submit(question, *args).result()

    def release(self) -> None:
        """Let every process go of what it holds; one that died is started anew when needed."""
        for key, process in list(self._running.items()):
            try:
                process.submit(worker.release).result()
            except RuntimeError:
                self._running.pop(key).shutdown()

    def close(self) -> None:
        """End the processes."""
        for process in self._running.values():
            process.shutdown()
        self._running.clear()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _of(self, contender: Contender) -> ProcessPoolExecutor:
        key = contender.library, contender.tuned
        if key not in self._running:
            count = str(self._threads)
            settings = {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}
            with _environment(settings | (TUNED if contender.tuned else {})):
                process = ProcessPoolExecutor(1, get_context("spawn"))
                process.submit(worker.settle, self._cores).result()
            self._running[key] = process
        return self._running[key]


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
