"""Run the kernels of every instruction set this machine has, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Outputs = dict[str, np.ndarray]

WORKER = Path(__file__).parent / "worker.py"


def _targets() -> list[str]:
    try:
        from softgrad import _native
    except ImportError:
        return []
    return _native.targets()


TARGETS = _targets()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip this folder in a build without the native module."""
    if TARGETS:
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="built with SOFTGRAD_NATIVE=0"))


def run_worker(target: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the worker with the kernels of one instruction set."""
    environment = {**os.environ, "SOFTGRAD_ISA": target}
    return subprocess.run(
        [sys.executable, str(WORKER), *args],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="session", params=TARGETS or ["none"])
def target(request: pytest.FixtureRequest) -> str:
    """Name one instruction set of this machine."""
    return request.param


@pytest.fixture(scope="session")
def worker() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return ``run_worker``."""
    return run_worker


@pytest.fixture(scope="session")
def softmax_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Outputs], Outputs]:
    """Return a function that runs one target's softmax on named arrays."""

    def run(target: str, arrays: Outputs) -> Outputs:
        folder = tmp_path_factory.mktemp(target)
        np.savez(folder / "x.npz", **arrays)
        done = run_worker(target, "softmax", str(folder / "x.npz"), str(folder / "y.npz"))
        assert done.returncode == 0, done.stderr
        with np.load(folder / "y.npz") as outputs:
            return dict(outputs)

    return run
