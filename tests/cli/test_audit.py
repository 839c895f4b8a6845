"""``softgrad audit``: factories, scripts, forms of the report, exit codes."""

import io
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("cyclopts")

from softgrad.cli import main

LAYERS = """
import numpy as np

class Softmax:
    def forward(self, x, scale=1.0):
        e = np.exp(scale * (x - x.max(-1, keepdims=True)))
        self.p, self.scale = e / e.sum(-1, keepdims=True), scale
        return self.p

    def backward(self, g):
        return self.scale * self.p * (g - (g * self.p).sum(-1, keepdims=True))

class Wrong(Softmax):
    def backward(self, g):
        return self.scale * g * self.p * (1 - self.p)

class Targeted(Softmax):
    def backward(self, target):
        return self.p - target

class Likelihood:
    def forward(self, p):
        self.p = p
        return -np.log(p[:, 0]).sum()

    def backward(self):
        g = np.zeros_like(self.p)
        g[:, 0] = 1 / self.p[:, 0]
        return g

x = np.random.default_rng(0).normal(size=(3, 4))
right = lambda: (Softmax(), x)
wrong = lambda: (Wrong(), (x,))
by_name = lambda: (Softmax(), {"x": x, "scale": 2.0})
undecided = lambda: (Targeted(), x)
with_loss = lambda: (Softmax(), x, Likelihood())
alone = lambda: Softmax()
one = lambda: (Softmax(),)
number = 3

def broken():
    raise RuntimeError("no such luck")

def misfit():
    return Softmax(), None
"""

TORCH = """
import sys
import torch

class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        p = x.softmax(-1)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        return g * p * (1 - p)

if __name__ == "__main__":
    softmax = Wrong.apply if "--wrong" in sys.argv else torch.nn.Softmax(-1)
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(3):
        print("step", step)
        loss = -softmax(model(torch.randn(5, 4)))[:, 0].log().mean()
        if "--idle" not in sys.argv:
            loss.backward()
            optimizer.step()
"""

JAX = """
import sys
import jax
import jax.numpy as jnp

@jax.custom_vjp
def wrong(x):
    return jnp.sin(x)

wrong.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (-g * jnp.cos(x),))
f = wrong if "--wrong" in sys.argv else jnp.sin

def loss(w, x):
    return jnp.sum(f(x @ w)), x

@jax.jit
def step(w, x):
    slope, _ = jax.grad(loss, has_aux=True)(w, x)
    return w - slope

w = jnp.ones((2, 2))
if "--idle" not in sys.argv:
    for _ in range(3):
        w = step(w, jnp.ones((3, 2)))
        print("stepped")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with things to audit the current one."""
    for name, text in {"sg_layers": LAYERS, "sg_torch": TORCH, "sg_jax": JAX}.items():
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *sys.path])
    return tmp_path


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("sg_layers:right", 0, "audit: RIGHT"),
        ("sg_layers.py:by_name", 0, "Softmax(float64[3, 4], 2.0)"),
        ("sg_layers.py:wrong", 1, "diagonal_only"),
        ("sg_layers.py:with_loss", 1, "wrong_sign"),
        ("sg_layers.py:undecided", 3, "undecided"),
        ("sg_layers.py:wrong --battery --thorough --seed 3", 1, "seed 3"),
    ],
)
def test_a_factory(target: str, code: int, words: str, here: Path, capsys) -> None:
    assert main(["audit", *target.split()]) == code
    out = capsys.readouterr().out
    assert words in out
    assert max(map(len, out.splitlines())) <= 80


def test_every_form_at_once(here: Path, capsys) -> None:
    pytest.importorskip("jinja2")
    argv = "audit sg_layers.py:wrong --json --html a.html --sarif a.sarif"
    assert main(argv.split()) == 1
    out, err = capsys.readouterr()
    assert err == "softgrad: wrote a.html\nsoftgrad: wrote a.sarif\n"
    data = json.loads(out)
    assert (data["target"], data["findings"][0]["bug"]) == ("sg_layers.py:wrong", "diagonal_only")
    assert "diagonal_only" in (here / "a.html").read_text(encoding="utf-8")
    (result,) = json.loads((here / "a.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "sg_layers.py"
    line = LAYERS.splitlines()[place["region"]["startLine"] - 1 :]
    assert [each.strip() for each in line[:2]] == [
        "def backward(self, g):",
        "return self.scale * g * self.p * (1 - self.p)",
    ]


@pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch")
@pytest.mark.parametrize(("arguments", "code"), [("", 0), ("-- --wrong", 1)])
def test_a_script_of_torch_is_run_to_its_first_backward(arguments, code, here, capsys) -> None:
    argv = list(sys.argv)
    assert main(["audit", "--run", "sg_torch.py", *arguments.split()]) == code
    out, err = capsys.readouterr()
    assert err == "step 0\n" and "step" not in out
    assert ("diagonal_only" in out) is (code == 1)
    assert "sg_torch.py:23" in out
    assert sys.argv == argv


@pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")
@pytest.mark.parametrize(("arguments", "code"), [("", 0), ("-- --wrong", 1)])
def test_a_script_of_jax_is_run_to_its_first_gradient(arguments, code, here, capsys) -> None:
    import jax

    grad = jax.grad
    assert main(["audit", "--run", "sg_jax.py", *arguments.split()]) == code
    out, err = capsys.readouterr()
    assert err == "" and "stepped" not in out
    assert ("wrong(float64[3, 2])" in out) is (code == 1)
    assert jax.grad is grad and not jax.config.jax_disable_jit


@pytest.mark.parametrize(
    ("text", "framework"),
    [
        ("import jax.numpy as jnp", "jax"),
        ("def f():\n    from jax import grad", "jax"),
        ("import jax, torch", "torch"),
        ("import mylib", "torch"),
        ("def f(:", "torch"),
    ],
)
def test_what_a_script_imports_tells_its_library(text: str, framework: str, tmp_path) -> None:
    from softgrad.cli.script import framework_of

    (tmp_path / "script.py").write_text(text)
    assert framework_of(str(tmp_path / "script.py")) == framework


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_panel_and_a_bar(here: Path, monkeypatch) -> None:
    monkeypatch.setattr("softgrad.cli.progress.PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(f"sys.{stream}", Screen())
    assert main(["audit", "sg_layers.py:right"]) == 0
    out = sys.stdout.getvalue()
    assert "╭" in out and "audit: RIGHT" in out
    assert "%" in sys.stderr.getvalue()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("sg_layers", "module:function or path/file.py:function"),
        ("sg_layers:rihgt", "did you mean right?"),
        ("sg_layers:number", "must be a function that returns (model, inputs)"),
        ("sg_layers:alone", "it returned a Softmax"),
        ("sg_layers:one", "it returned a tuple of 1"),
        ("sg_layers:broken", "sg_layers:broken raised RuntimeError: no such luck (sg_layers.py"),
        ("sg_layers:misfit", "sg_layers:misfit raised AttributeError"),
        ("sg_layers:right extra", "only a script takes arguments: give --run; got 'extra'"),
        ("sg_layers:right --html nowhere/a.html", "there is no folder nowhere"),
        ("sg_layers:right --framework mxnet", "mxnet"),
        ("--run sg_nowhere.py", "there is no file sg_nowhere.py"),
        ("--run sg_layers.py --framework numpy", "give layers of your own as FILE.py:make"),
        ("--run sg_torch.py -- --idle", "nothing that requires a gradient"),
        ("--run sg_jax.py -- --idle", "made no backward pass"),
    ],
)
def test_bad_usage(argv: str, words: str, here: Path, capsys) -> None:
    if "--idle" in argv:
        pytest.importorskip("torch" if "torch" in argv else "jax")
    assert main(["audit", *argv.split()]) == 2
    out, err = capsys.readouterr()
    last = err.splitlines()[-1]
    assert out == "" and last.startswith("softgrad: ") and words in last
