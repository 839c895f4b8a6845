"""The layers of pyproject.toml hold, and would notice an import that breaks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import softgrad

ROOT = Path(__file__).parents[2]
LINT = "from importlinter.cli import lint_imports_command as run; run()"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    config = str(ROOT / "pyproject.toml")
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); {LINT}"
    return subprocess.run(
        [sys.executable, "-c", code, "--config", config, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def package(tmp_path):
    """Return a copy of the package that a test may spoil."""
    source = Path(softgrad.__file__).parent
    return shutil.copytree(
        source, tmp_path / "softgrad", ignore=shutil.ignore_patterns("__pycache__", "*.so")
    )


def test_the_contracts_hold(package):
    done = lint(package.parent)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("axis.py", "from softgrad.family import softmax", "Each layer"),
        ("declare/member.py", "import softgrad.calculus", "Each layer"),
        ("check/__init__.py", "from softgrad.cli import main", "Each layer"),
        ("check/__init__.py", "import softgrad.audit", "Each layer"),
        ("audit/torch/run.py", "import softgrad.audit.jax", "Each room of the audit"),
        ("audit/report/text.py", "import softgrad.audit.layers", "Each room of the audit"),
        ("explain/__init__.py", "import softgrad.demo", "Each layer"),
        ("newcomer.py", "", "Each layer"),
        ("family/softmax.py", "def f():\n    import torch", "The core imports no framework"),
        ("calculus/__init__.py", "from rich import print", "The core imports no framework"),
    ],
)
def test_a_wrong_import_breaks_them(package, file, line, broken):
    with (package / file).open("a") as spoiled:
        spoiled.write(f"\n{line}\n")
    done = lint(package.parent)
    assert done.returncode == 1, done.stdout
    assert any(broken in row and "BROKEN" in row for row in done.stdout.splitlines()), done.stdout
