"""Configuration the whole suite shares."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

if "PYTEST_XDIST_WORKER" in os.environ:  # there is a worker for every core already
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest.register_assert_rewrite("support")

settings.register_profile(
    "softgrad",
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("softgrad")


def pytest_configure(config: pytest.Config) -> None:
    """Let torch use its own deprecated function: it does when forward mode is first used."""
    config.addinivalue_line("filterwarnings", "ignore:`torch.jit.script:DeprecationWarning")


@pytest.fixture
def rng():
    """Return a generator with a fixed seed."""
    import numpy as np

    return np.random.default_rng(20261121)
