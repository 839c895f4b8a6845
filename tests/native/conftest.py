"""Run the kernels of every instruction set this machine has, each in a process of its own."""

import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from native.harness import TARGETS, Call, Compute, compute, run_worker, write_jobs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip this folder in a build without the native module."""
    if TARGETS:
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="built with SOFTGRAD_NATIVE=0"))


@pytest.fixture(scope="session", params=TARGETS or ["none"])
def target(request: pytest.FixtureRequest) -> str:
    """Name one instruction set of this machine."""
    return request.param


@pytest.fixture(scope="session")
def worker(target: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the worker for one instruction set."""
    return partial(run_worker, target)


@pytest.fixture(scope="session")
def outputs_of(target: str, tmp_path_factory: pytest.TempPathFactory) -> Compute:
    """Return a function that runs calls for one instruction set."""

    def run(calls: Sequence[Call]) -> list:
        source = tmp_path_factory.mktemp(target) / "jobs.npz"
        write_jobs(source, calls)
        return list(compute(target, source, calls))

    return run
