"""The command as a person meets it: help, version, explain, bad usage, missing extras."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("cyclopts")

import softgrad
from softgrad.cli import main
from softgrad.cli.app import CLOSED_PIPE


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Return the one sentence with which the command refuses."""
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("softgrad: ")
    assert err.count("\n") == 1
    return err


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("argv", ["", "--help", "explain -h", "demo -h", "check -h"])
def test_help(argv: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv.split()) == 0
    out, err = capsys.readouterr()
    assert "Usage: softgrad" in out
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"softgrad {softgrad.__version__}\n"


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "1", "2", "3", "--upstream", "1", "0", "0"]) == 0
    out = capsys.readouterr().out
    assert "dx = [0.0819, -0.0220, -0.0599]" in out
    assert max(map(len, out.splitlines())) <= 80


def test_negative_numbers_are_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    argv = "explain -1 2.5 -3e1 --upstream -1 0 -.5 --temperature 2 --member log_softmax"
    assert main(argv.split()) == 0
    out = capsys.readouterr().out
    assert "[-1.0000, 2.5000, -30.0000]" in out
    assert "[-1.0000, 0, -0.5000]" in out
    assert "log_softmax(x / 2)" in out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("explain", "requires an argument"),
        ("explain 1", "at least two numbers"),
        ("explain 1 2 nan", "finite numbers; got nan"),
        ("explain 1 two", 'convert "two" into float'),
        ("explain 1 2 --upstream 1", "got 1 for 2"),
        ("explain 1 2 --upstream", "got 0 for 2"),
        ("explain 1 2 --member cross_entropy", "needs a target"),
        ("explain 1 2 --member softmin", "must be one of softmax"),
        ("explain 1 2 --temperature 0", "positive number; got 0"),
        ("explain 1 2 --colour red", "--colour"),
        ("explian 1 2", 'Did you mean "explain"'),
        ("demo --epochs 0", "at least 1; got 0"),
        ("demo --seed -1", "at least 0; got -1"),
        ("demo --output nowhere/demo.png", "a folder that exists"),
        ("demo --output demo.xyz", "must end in one of"),
        ("demo --epochs many", "many"),
    ],
)
def test_bad_usage(argv: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in refused(capsys, *argv.split())


def test_as_a_module() -> None:
    done = python("-m", "softgrad", "explain", "1", "2", "3")
    assert done.returncode == 0, done.stderr
    assert "p  [0.0900, 0.2447, 0.6652]" in done.stdout
    assert python("-m", "softgrad", "explain", "1").returncode == 2


def test_a_reader_that_has_seen_enough() -> None:
    """``softgrad … | head``: no message, and not the exit code of a verdict."""
    command = [sys.executable, "-m", "softgrad", "explain", "1", "2", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == CLOSED_PIPE


def test_an_output_that_knows_only_ascii() -> None:
    code = """
import sys
sys.stdout.reconfigure(encoding="ascii")
from softgrad.cli import main
sys.exit(main(["explain", "1", "2"]))
"""
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert "p * (g - (g * p).sum())" in done.stdout


@pytest.mark.parametrize(
    ("missing", "argv", "names", "extra"),
    [
        ("cyclopts", ["--version"], "cyclopts", "cli"),
        ("rich", ["--version"], "rich", "cli"),
        ("sklearn", ["demo"], "scikit-learn", "demo"),
        ("matplotlib", ["demo"], "matplotlib", "demo"),
    ],
)
def test_a_missing_extra_is_one_sentence(
    missing: str, argv: list[str], names: str, extra: str, tmp_path: Path
) -> None:
    if find_spec("sklearn") is None or find_spec("matplotlib") is None:
        pytest.skip("blocks one library at a time, so the others must be there")
    code = f"""
import sys
sys.modules.update(dict.fromkeys([{missing!r}, "{missing}.datasets", "{missing}.backends"]))
from softgrad.cli import main
sys.exit(main({argv}))
"""
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"needs {names}, which is not installed" in done.stderr
    assert f'pip install "softgrad[{extra}]"' in done.stderr
    assert not list(tmp_path.iterdir())


def test_explain_imports_no_framework() -> None:
    code = (
        "import sys; from softgrad.cli import main; main(['explain', '1', '2']); "
        "sys.exit(bool({'torch', 'jax', 'sklearn', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    assert python("-c", code).returncode == 0
