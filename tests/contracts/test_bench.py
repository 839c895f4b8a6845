"""The benchmark runs, measures what it promises, and its unit of error is the last place."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def bench_is_found(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def test_every_promise_is_about_something_measured():
    from bench.kernels.claims import CLAIMS
    from bench.kernels.processes import CONTENDERS
    from bench.kernels.works import LATENCY, speed_cases

    measured = {*speed_cases(), *LATENCY}
    names = {contender.name for contender in CONTENDERS}
    assert [claim for claim in CLAIMS if claim.case not in measured] == []
    assert {name for claim in CLAIMS for name in (claim.by, *claim.peers)} <= names


def test_every_contender_has_its_module():
    from bench.kernels.processes import CONTENDERS

    modules = {path.stem for path in (ROOT / "bench" / "contenders").glob("*.py")}
    assert {contender.module for contender in CONTENDERS} <= modules


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
@pytest.mark.parametrize("quantity", ["softmax", "log_softmax", "loss", "gradient at the target"])
def test_a_wrong_last_place_is_one_unit(quantity, dtype):
    from bench.kernels.cases import Case
    from bench.kernels.exact import TRUTHS, ulps

    case = Case("any", (8, 20), dtype)
    truth = TRUTHS[quantity][1](case)
    right = truth.value.astype(case.kind)
    wrong = np.nextafter(right, np.asarray(np.inf, case.kind))
    assert 0 < ulps(right, truth, case) <= 0.51
    assert 0.5 <= ulps(wrong, truth, case) <= 1.51
    assert ulps(np.full_like(right, np.nan), truth, case) == np.inf


def test_the_scale_of_a_sum_that_cancels_is_that_of_its_terms():
    from bench.kernels.cases import Case, probabilities, upstream
    from bench.kernels.exact import TRUTHS

    case = Case("any", (4, 30), "float64", draw="confident +20")
    s, g = probabilities(case).astype(np.longdouble), upstream(case).astype(np.longdouble)
    apart = np.abs(g[:, :, None] - g[:, None, :])
    expected = s * (s[:, None, :] * apart).sum(-1) / s.sum(-1, keepdims=True)
    np.testing.assert_allclose(TRUTHS["softmax backward"][1](case).scale, expected, rtol=1e-15)


def test_the_command_measures():
    options = [
        "latency",
        "--shapes",
        "2x3",
        "--peers",
        "SciPy",
        "--rounds",
        "1",
        "--seconds",
        "0",
        "--dry",
    ]
    line = [sys.executable, "-m", "bench", *options]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "softmax, 2×3, float32" in done.stdout
    assert re.search(r"softgrad \S+ [µnm]?s.*SciPy \S+ ×", done.stdout)
