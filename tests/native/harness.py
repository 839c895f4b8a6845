"""Calls of kernels, run for one instruction set in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from native.measure import Truth

__all__ = ["TARGETS", "Call", "Compute", "compute", "run_worker", "write_jobs"]

WORKER = Path(__file__).parent / "worker.py"

Compute = Callable[[Sequence["Call"]], list[list[np.ndarray]]]
"""Returns every call's outputs."""


def _targets() -> list[str]:
    try:
        from softgrad import _native
    except ImportError:
        return []
    return _native.targets()


TARGETS = _targets()
"""The instruction sets that this build and this machine have."""


@dataclass(frozen=True)
class Call:
    """A kernel on encoded arrays; ``truths`` says, for each output, what is known of it.

    Along an axis with ``inner`` entries behind each, the rows are repeated until they fill it.
    """

    kernel: str
    n: int
    arrays: Sequence[np.ndarray | None]
    constants: tuple[float, ...] = ()
    truths: Callable[[], list[list[Truth]]] = list
    note: str = ""
    inner: int = 1


def run_worker(target: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the worker with the kernels of one instruction set."""
    return subprocess.run(
        [sys.executable, str(WORKER), *args],
        env={**os.environ, "SOFTGRAD_ISA": target},
        capture_output=True,
        text=True,
        timeout=300,
    )


def write_jobs(path: Path, calls: Sequence[Call]) -> None:
    """Write the calls as the worker reads them; an array that several share is written once."""
    arrays = {f"a{id(a)}": a for call in calls for a in call.arrays if a is not None}
    jobs = [
        {
            "kernel": call.kernel,
            "n": call.n,
            "arrays": [None if a is None else f"a{id(a)}" for a in call.arrays],
            "constants": [float(c) for c in call.constants],
            "inner": call.inner,
        }
        for call in calls
    ]
    np.savez(path, jobs=json.dumps(jobs), **arrays)


def compute(target: str, source: Path, calls: Sequence[Call]) -> Iterator[list[np.ndarray]]:
    """Yield each call's outputs, computed by the kernels of one instruction set."""
    destination = source.with_name(f"{target}.npz")
    done = run_worker(target, "run", str(source), str(destination))
    assert done.returncode == 0, done.stderr
    with np.load(destination) as outputs:
        places: dict[str, list[str]] = {}
        for key in outputs.files:
            places.setdefault(key.split("/")[0], []).append(key)
        for k in range(len(calls)):
            yield [outputs[key] for key in places[str(k)]]
    destination.unlink()
