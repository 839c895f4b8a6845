"""Each example runs to its last assertion."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = {
    "jacobian_three_ways.py": (["200"], (), "softgrad"),
    "library_x.py": (["3"], ("torch", "sklearn"), "library_x.py:44: diagonal_only"),
    "library_x_jax.py": (["3"], ("jax", "sklearn"), "library_x_jax.py:35: diagonal_only"),
    "library_x_numpy.py": (["3"], ("sklearn",), "library_x_numpy.py:49: diagonal_only"),
    "numpy_classifier.py": (["2"], ("sklearn",), "accuracy"),
    "sigmoid_or_softmax.py": ([], (), "sum of the right gradient"),
}


def test_every_example_is_here_and_described() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SMALL)
    described = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"**`{name}`**" in described for name in SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_it_runs(name: str, tmp_path: Path) -> None:
    arguments, needed, words = SMALL[name]
    for library in needed:
        pytest.importorskip(library)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert not list(tmp_path.iterdir())
