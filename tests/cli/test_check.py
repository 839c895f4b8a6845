"""``softgrad check``: exit codes, where the claim comes from, what the inputs are."""

import io
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cyclopts")

from softgrad.cli import main

MODULE = """
import numpy as np

def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def softmax_backward(g, y, x):
    return y * (g - (g * y).sum(axis=-1, keepdims=True))

def diagonal(g, y, x):
    return g * y * (1 - y)

def scaled(x, scale):
    return softmax(x * scale)

def scaled_vjp(g, x, scale):
    return scale * softmax_backward(g, softmax(x * scale), x)

def unshifted(g, x):
    e = np.exp(x)
    return softmax_backward(g, e / e.sum(axis=-1, keepdims=True), x)

def powered(x, power=2):
    return x**power

def powered_vjp(g, x, power=2):
    return 2 * x * g

class Layer:
    @staticmethod
    def forward(x):
        return softmax(x)

    @staticmethod
    def backward(g, y, x):
        return g * y * (1 - y)

class Stateful:
    def forward(self, x):
        self.y = softmax(x)
        return self.y

    def backward(self, g):
        return softmax_backward(g, self.y, None)

class Named(Stateful):
    def __init__(self, name):
        self.name = name

named = Named("n")

def alone(x):
    return softmax(x)

def broken(x):
    raise RuntimeError("no such luck")

broken_vjp = diagonal
number = 3
"""

TORCH = """
import torch

def softmax(x):
    return torch.softmax(x, -1)

class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.softmax(x, -1)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y * (1 - y)

class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        return torch.softmax(x * scale, -1)

    @staticmethod
    def backward(ctx, g):
        return g, None

def wrong(x):
    return Wrong.apply(x)

module = torch.nn.Softmax(dim=-1)
"""

JAX = """
import jax

def softmax(x):
    return jax.nn.softmax(x)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a module to check the current one."""
    (tmp_path / "sg_ops.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *sys.path])
    for name in ("sg_ops", "sg_torch", "sg_jax"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


TARGETS = ("sg_ops:softmax", "sg_ops.py:softmax", "./sg_ops.py:softmax", "softgrad:softmax")
LAYERS = ("sg_ops:Stateful", "sg_ops:named", "sg_ops:named.forward --vjp softmax_backward")


@pytest.mark.parametrize("target", [*TARGETS, *LAYERS])
def test_right(target: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *target.split(), "--like", "softmax"]) == 0
    out = capsys.readouterr().out
    assert "RIGHT" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("argv", [["sg_ops:softmax", "--vjp", "diagonal"], ["sg_ops.py:Layer"]])
def test_wrong(argv: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *argv, "--like", "softmax", "--shape", "3,5"]) == 1
    out = capsys.readouterr().out
    assert "WRONG (diagonal_only)" in out
    _, quotes, program = out.partition('"""')
    with pytest.raises(SystemExit) as left:
        exec(quotes + program, {})
    assert left.value.code == 1
    assert "claimed" in capsys.readouterr().out


def test_undecided(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from softgrad.check import Report

    report = Report(ok=None, reason="Nothing could be measured.")
    monkeypatch.setattr("softgrad.cli.check.judge", lambda *_, **__: report)
    assert main(["check", "sg_ops:softmax"]) == 3


def test_a_function_that_raises_is_undecided(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "sg_ops:broken"]) == 3
    assert "RuntimeError: no such luck" in capsys.readouterr().out


def test_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = "check sg_ops:softmax --vjp diagonal --like softmax --json"
    assert main(argv.split()) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["target"] == "sg_ops:softmax"
    assert report["ok"] is False
    assert report["bug"] == "diagonal_only"
    assert report["wrong"]["x"]
    assert report["evaluations"]["forward"] > 0


def test_inputs_from_a_file(here: Path) -> None:
    np.savez(here / "in.npz", x=np.linspace(-1, 1, 12).reshape(3, 4), scale=np.array(2.0))
    assert main(["check", "sg_ops:scaled", "--inputs", "in.npz", "--wrt", "x"]) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_seed_repeats_itself(dtype: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = f"check sg_ops:softmax --vjp diagonal --seed 7 --json --dtype {dtype}"
    texts = []
    for _ in range(2):
        assert main(argv.split()) == 1
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


@pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch")
@pytest.mark.parametrize(
    ("name", "code"), [("softmax", 0), ("wrong", 1), ("Wrong", 1), ("module", 0)]
)
def test_torch(name: str, code: int, here: Path) -> None:
    (here / "sg_torch.py").write_text(TORCH)
    argv = ["check", f"sg_torch:{name}", "--framework", "torch", "--like", "softmax"]
    assert main(argv) == code


@pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")
def test_jax(here: Path) -> None:
    (here / "sg_jax.py").write_text(JAX)
    argv = ["check", "sg_jax:softmax", "--framework", "jax", "--dtype", "float32"]
    assert main([*argv, "--like", "softmax"]) == 0


@pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")
def test_jax_in_double_precision(here: Path) -> None:
    # In a process of its own: it turns float64 on for good.
    (here / "sg_jax.py").write_text(JAX)
    argv = ["-m", "softgrad", "check", "sg_jax.py:softmax", "--framework", "jax"]
    assert subprocess.run([sys.executable, *argv], check=False).returncode == 0


@pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch")
def test_the_arguments_of_apply_are_put_in_order(here: Path, capsys) -> None:
    (here / "sg_torch.py").write_text(TORCH)
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    np.savez(here / "in.npz", scale=np.array(2.0), x=x)
    argv = "check sg_torch:Scaled --framework torch --inputs in.npz --wrt x --snippet s.py"
    assert main(argv.split()) == 1
    assert "Scaled.apply" in (here / "s.py").read_text(encoding="utf-8")
    np.savez(here / "in.npz", x=x)
    assert main(argv.split()) == 2
    assert "sg_torch:Scaled needs scale" in capsys.readouterr().err


def test_every_form_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("jinja2")
    argv = "check sg_ops:softmax --vjp diagonal --json --html r.html --sarif r.sarif --snippet r.py"
    assert main(argv.split()) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["bug"] == "diagonal_only"
    assert err == "".join(f"softgrad: wrote {name}\n" for name in ("r.html", "r.sarif", "r.py"))
    assert "diagonal_only" in (here / "r.html").read_text(encoding="utf-8")
    (result,) = json.loads((here / "r.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "sg_ops.py"
    assert MODULE.splitlines()[physical["region"]["startLine"] - 1] == "def softmax(x):"
    done = subprocess.run([sys.executable, "r.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "claimed" in done.stdout


def test_a_right_gradient_leaves_no_program(here: Path, capsys) -> None:
    assert main(["check", "sg_ops:softmax", "--snippet", "r.py"]) == 0
    assert not (here / "r.py").exists()
    assert "no program was written to r.py: the gradient is not wrong" in capsys.readouterr().err


def test_the_battery_can_be_left_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "sg_ops:softmax", "--vjp", "unshifted"]) == 1
    assert "When: entries of x exceed 710" in capsys.readouterr().out
    assert main(["check", "sg_ops:softmax", "--vjp", "unshifted", "--no-battery"]) == 0


def test_parameters_can_be_varied(here: Path) -> None:
    argv = ["check", "sg_ops:powered", "--no-battery"]
    assert main(argv) == 0
    assert main(["check", "sg_ops:powered", "--vary", "power=1,3"]) == 1


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("axis=0,-1", [0, -1]),
        ("axis=(0,1),None", [(0, 1), None]),
        ("reduction=mean,sum", ["mean", "sum"]),
        ("eps=1e-3", [1e-3]),
        ("mixed=mean, 2", ["mean", 2]),
    ],
)
def test_values_to_vary(text: str, values: list) -> None:
    from softgrad.cli.inputs import choices

    assert list(choices([text]).values()) == [values]


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("patience", [0.0, 1e9])
def test_a_bar_is_for_those_who_wait(patience: float, here: Path, monkeypatch) -> None:
    monkeypatch.setattr("softgrad.cli.progress.PATIENCE", patience)
    monkeypatch.setattr("sys.stderr", Screen())
    monkeypatch.setenv("TERM", "xterm")
    assert main(["check", "sg_ops:softmax"]) == 0
    assert ("%" in sys.stderr.getvalue()) is (patience == 0)


def test_no_bar_in_a_pipe(here: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("softgrad.cli.progress.PATIENCE", 0.0)
    assert main(["check", "sg_ops:softmax"]) == 0
    assert capsys.readouterr().err == ""


def test_a_loss_of_softgrad(here: Path) -> None:
    draw = np.random.default_rng(0)
    np.savez(
        here / "in.npz",
        logits=draw.normal(size=(4, 6)),
        target=np.array([0, 3, 2, 1]),
        temperature=np.array(2.0),
    )
    assert main(["check", "softgrad:cross_entropy", "--inputs", "in.npz"]) == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("sg_ops", "module:function or path/file.py:function"),
        ("sg_ops:", "module:function or path/file.py:function"),
        ("sg_nowhere:softmax", "no module sg_nowhere"),
        ("sg_nowhere.py:softmax", "no file sg_nowhere.py"),
        ("sg_ops:sofmax", "did you mean softmax?"),
        ("sg_ops:Named", "name an instance of it"),
        ("sg_ops:number", "must be a function"),
        ("sg_ops:alone", "no alone_backward or alone_vjp"),
        ("sg_ops:softmax --vjp diagnal", "did you mean diagonal?"),
        ("sg_ops:softmax --vjp number", "vjp must name a function"),
        ("sg_ops:scaled", "needs x, scale"),
        ("sg_ops:softmax --shape 4,x", "whole numbers such as 4,10"),
        ("sg_ops:softmax --shape 0", "whole numbers such as 4,10"),
        ("sg_ops:softmax --inputs nothing.npz", "no file nothing.npz"),
        ("sg_ops:softmax --inputs sg_ops.py", "sg_ops.py"),
        ("sg_ops:softmax --inputs in.npz --shape 3", "not both"),
        ("sg_ops:softmax --like softmin", "softmin"),
        ("sg_ops:softmax --wrt z", "z"),
        ("sg_ops:softmax --dtype int8", "int8"),
        ("sg_ops:softmax --framework mxnet", "mxnet"),
        ("sg_ops:softmax --vary axis", "axis=0,1"),
        ("sg_ops:softmax --vary bogus=1,2", "bogus"),
        ("sg_ops:softmax --html nowhere/r.html", "nowhere"),
        ("sg_bad.py:f", "could not be imported: SyntaxError"),
        ("sg_needs.py:f", "No module named 'sg_absent'"),
    ],
)
def test_bad_usage(argv: str, words: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(here / "in.npz", x=np.ones((2, 3)))
    (here / "sg_bad.py").write_text("def f(:\n")
    (here / "sg_needs.py").write_text("import sg_absent\n")
    assert main(["check", *argv.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.startswith("softgrad: ")
    assert err.count("\n") == 1
