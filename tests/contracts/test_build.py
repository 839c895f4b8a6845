"""A build without a compiler says what to do; a build without the native module works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ["pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", "native", "src"]

# CMake indents and wraps what it prints, so the words are compared, not the lines.
NO_COMPILER = (
    "softgrad's native kernels need a working C++17 compiler and found none: provide that, or "
    "install the pure Python version, which gives the same results, with "
    "SOFTGRAD_NATIVE=0 pip install ."
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return a copy of the sources, so that no build leaves anything behind."""
    tree = tmp_path_factory.mktemp("tree")
    ignore = shutil.ignore_patterns("__pycache__")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=ignore)
        else:
            shutil.copy(source, tree / part)
    return tree


def build(tree: Path, wheels: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels)]
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(tree)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )


@pytest.fixture
def tools(tmp_path):
    """Return a folder of programs that holds all a build needs except a compiler."""
    for name in ("cmake", "ninja"):
        found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
        (tmp_path / name).symlink_to(found)
    return tmp_path


def test_a_compiler_that_is_not_there(tree, tmp_path):
    done = build(tree, tmp_path, CXX="no-such-compiler")
    assert done.returncode != 0
    assert NO_COMPILER in " ".join(done.stdout.split())


def test_a_compiler_that_does_not_work(tree, tmp_path):
    done = build(tree, tmp_path, CXX=shutil.which("false"))
    assert done.returncode != 0
    assert NO_COMPILER in " ".join(done.stdout.split())


def test_no_compiler_on_the_path(tree, tools):
    done = build(tree, tools, PATH=str(tools), CXX="")
    assert done.returncode != 0
    assert NO_COMPILER in " ".join(done.stdout.split())


def test_the_pure_version_needs_no_compiler(tree, tmp_path):
    done = build(tree, tmp_path, SOFTGRAD_NATIVE="0", CXX="no-such-compiler")
    assert done.returncode == 0, done.stdout
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    files = ZipFile(wheel).namelist()
    assert "softgrad/py.typed" in files
    assert [f for f in files if f.endswith((".so", ".pyd", ".cpp", ".hpp"))] == []
