"""The program that shows a wrong derivative runs without softgrad and exits with 1."""

import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from softgrad.check import check

MODULE = """
import functools
import numpy as np

def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)

def diagonal(g, y, x):
    return g * y * (1 - y)

def scaled(x, scale):
    return softmax(scale * x)

def unscaled(g, x, scale):
    y = softmax(scale * x)
    return y * (g - (g * y).sum(-1, keepdims=True)), None

def right(g, y, x):
    return y * (g - (g * y).sum(-1, keepdims=True))

def one_sample(g, y, x):
    return y * (g - (g * y).sum())

def shapeless(g, y, x):
    return right(g, y, x)[0]

def into_input(g, y, x):
    x[...] = right(g, y, x)
    return x

def contiguous(g, y, x):
    flat = np.lib.stride_tricks.as_strided(x, x.shape, np.empty(x.shape).strides)
    return right(g, softmax(flat), flat)

def loss(x, t):
    p = softmax(x)
    return -np.log(p[np.arange(len(t)), t]).sum()

def loss_grad(x, t):
    p = softmax(x)
    p[np.arange(len(t)), t] -= 1
    return {"x": p / len(t)}

def jacobian(x):
    return np.diag(softmax(x))

def pushed(t, x):
    return t

def norms(x):
    return (x**2).sum(-1), np.abs(x)

def norms_back(g, y, x):
    return 2 * x * g[0][..., None]

class Layer:
    def __init__(self, gain=1.0):
        self.gain = gain
    def forward(self, x):
        self.y = softmax(x)
        return self.gain * self.y
    def backward(self, g):
        return g * self.y

layer = Layer(3.0)
halved = functools.partial(softmax, axis=0)
workspace = np.zeros((3, 4))

def accumulating(g, y, x):
    if x.shape != workspace.shape:
        return right(g, y, x)
    workspace[...] += right(g, y, x)
    return workspace.copy()
"""

TORCH = """
import torch

class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.softmax(x, -1)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y

def dropped(x):
    return Wrong.apply(x) * (torch.rand(x.shape) < 0.5)
"""

JAX = """
import jax

@jax.custom_vjp
def softmax(x):
    return jax.nn.softmax(x)

softmax.defvjp(lambda x: (softmax(x), softmax(x)), lambda y, g: (g * y,))
"""

X = np.random.default_rng(0).normal(size=(3, 4))


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that imports a module written for the test."""

    def made(text: str, name: str = "sg_checked"):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    return made


def run(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program where softgrad cannot be imported."""
    assert "softgrad" not in text.replace("softgrad.check with seed", "")
    (folder / "shown.py").write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-W", "error", "shown.py"],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip


WRONG = {
    "vjp": ("softmax", (X,), {"vjp": "diagonal"}, "claimed"),
    "float32": ("softmax", (X.astype("float32"),), {"vjp": "diagonal"}, "claimed"),
    "float16": ("softmax", (X.astype("float16"),), {"vjp": "diagonal"}, "claimed"),
    "by name": ("scaled", {"x": X, "scale": 3.0}, {"vjp": "unscaled", "wrt": "x"}, "claimed"),
    "grad": ("loss", (X, np.array([0, 3, 1])), {"grad": "loss_grad"}, "claimed"),
    "jacobian": ("softmax", (X[0],), {"jacobian": "jacobian"}, "claimed"),
    "jvp": ("softmax", (X,), {"jvp": "pushed"}, "claimed"),
    "two outputs": ("norms", (X,), {"vjp": "norms_back"}, "claimed"),
    "layer": ("layer", (X,), {}, "claimed"),
    "partial": ("halved", (X,), {"vjp": "right"}, "claimed"),
    "masked": ("softmax", (np.where(X > 1, -np.inf, X),), {"vjp": "diagonal"}, "claimed"),
    "compressed": ("softmax", (np.round(np.tile(X, (40, 5)), 2),), {"vjp": "diagonal"}, "claimed"),
    "too large": ("softmax", (np.sin(np.arange(40e3).reshape(100, -1) ** 2),),
                  {"vjp": "diagonal"}, "standard_normal"),
    "shape": ("softmax", (X,), {"vjp": "shapeless"}, "of its gradient (4,)"),
    "mutation": ("softmax", (X,), {"vjp": "into_input"}, "written into: x"),
    "elsewhere": ("softmax", (X[:1],), {"vjp": "one_sample"}, "claimed"),
    "layout": ("softmax", (X,), {"vjp": "contiguous"}, "claimed"),
    "state": ("softmax", (X,), {"vjp": "accumulating"}, "apart"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_numpy(name, module, tmp_path):
    f, inputs, claim, told = WRONG[name]
    ops = module(MODULE)
    given = {kind: getattr(ops, text, text) for kind, text in claim.items()}
    report = check(getattr(ops, f), inputs, **given)
    assert report.ok is False
    assert report.snippet is not None
    done = run(report.snippet, tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert told in done.stdout + report.snippet


def test_a_right_derivative_has_none(module):
    ops = module(MODULE)
    assert check(ops.softmax, (X,), vjp=ops.right).snippet is None


def test_the_program_notices_a_right_derivative(module, tmp_path):
    ops = module(MODULE)
    text = check(ops.softmax, (X,), vjp=ops.diagonal).snippet
    done = run(text.replace("import diagonal", "import right"), tmp_path)
    assert done.returncode == 0, done.stderr


def test_functions_of_the_main_program_are_copied(tmp_path):
    factor = 2.0

    def softmax(x):
        e = np.exp(factor * x)
        return e / e.sum(-1, keepdims=True)

    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * factor)
    done = run(report.snippet, tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "factor = 2.0" in report.snippet


def test_a_function_that_cannot_be_had_is_asked_for(tmp_path):
    state = np.ones(3)
    report = check(lambda x: x * state, (np.ones(3),), vjp=lambda g, x: g * 2 * state)
    done = run(report.snippet, tmp_path)
    assert done.returncode == 1
    assert "f cannot be imported: put its definition in place of this line" in done.stderr


def test_the_same_seed_gives_the_same_program(module):
    ops = module(MODULE)
    texts = {check(ops.softmax, (X,), vjp=ops.diagonal, seed=3).snippet for _ in range(2)}
    assert len(texts) == 1
    assert "default_rng(3)" in texts.pop()


@pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch")
def test_torch(module, tmp_path):
    import torch

    ops = module(TORCH, "sg_checked_torch")
    cases = [("Wrong", "float64"), ("Wrong", "bfloat16"), ("dropped", "float32")]
    programs = []
    for name, dtype in cases:
        report = check(getattr(ops, name), (torch.tensor(X, dtype=getattr(torch, dtype)),))
        assert report.ok is False
        programs.append(report.snippet)
    # In one process, because importing torch takes long.
    together = f"codes = []\nfor text in {programs!r}:\n" + textwrap.indent(
        "try:\n    exec(text, {})\nexcept SystemExit as left:\n    codes.append(left.code)\n",
        "    ",
    )
    done = run(together + "print(codes)\n", tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[1, 1, 1]"
    assert done.stdout.count("claimed") == 3


@pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")
def test_jax(module, tmp_path):
    import jax

    ops = module(JAX, "sg_checked_jax")
    report = check(ops.softmax, (jax.numpy.asarray(X, "float32"),))
    assert report.ok is False
    done = run(report.snippet, tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "claimed" in done.stdout
