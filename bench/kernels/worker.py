"""What runs in the processes that are measured: a contender's call, prepared, timed, looked at.

The functions here are run one at a time by :mod:`bench.kernels.processes`.
"""

import os
import resource
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np
from bench.kernels.cases import Case, forget

__all__ = ["answer", "digest", "memory", "once", "prepare", "release", "settle"]

ENTRIES = 64
WARMING, FEW_FAULTS = 40, 10

_calls: dict[str, Callable[[], object]] = {}


def settle(cores: tuple[int, ...]) -> None:
    """Stay on these cores; libraries that are imported later start as many threads."""
    np.seterr(all="ignore")
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def prepare(module: str, case: Case, *, warm: bool = False) -> bool:
    """Make a contender ready; return whether it offers the work.

    Where malloc keeps what is freed, it takes several calls until that fits what is asked for; to
    warm up is to wait for it.
    """
    offered = import_module(f"bench.contenders.{module}")
    make = getattr(offered, case.work, None) or getattr(offered, "every_work", None)
    if make is None:
        return False
    call = _calls[module] = make(case)
    calm = 0
    for _ in range(WARMING if warm else 0):
        before = _faults()
        call()
        calm = calm + 1 if _faults() - before < FEW_FAULTS else 0
        if calm == 3:
            break
    return True


def release() -> None:
    """Let go of everything that was prepared."""
    _calls.clear()
    forget()


def once(module: str, seconds: float) -> float:
    """Return the time of one call, averaged over enough calls to last so long."""
    call = _calls[module]
    start = perf_counter()
    call()
    repeats = max(1, int(seconds / max(perf_counter() - start, 1e-7)))
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) / repeats


def answer(module: str) -> list[np.ndarray]:
    """Return what the call returns, as NumPy arrays."""
    found = _calls[module]()
    return [_as_numpy(part) for part in (found if isinstance(found, tuple | list) else [found])]


def digest(module: str) -> list[list[float]]:
    """Return a few entries of what the call returns."""
    return [_some(part) for part in answer(module)]


def memory(module: str) -> tuple[int, int]:
    """Return how many bytes one call needs beyond what is held, and how often it faults a page in.

    Linux alone can start the peak anew.
    """
    call = _calls[module]
    sleep(0.1)  # JAX lets go of a result a little later
    Path("/proc/self/clear_refs").write_text("5")
    before, faults = _status("VmRSS"), _faults()
    call()
    return max(0, _status("VmHWM") - before), _faults() - faults


def _some(part: np.ndarray) -> list[float]:
    flat = part.reshape(-1)
    places = np.linspace(0, flat.size - 1, min(flat.size, ENTRIES)).astype(int)
    return flat[places].astype(np.float64).tolist()


def _as_numpy(part: Any) -> np.ndarray:
    if not hasattr(part, "detach"):
        return np.asarray(part)
    tensor = part.detach()
    return (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy()


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field))


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
