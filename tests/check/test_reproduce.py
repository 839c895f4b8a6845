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

class Right(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.softmax(x, -1)
        ctx.save_for_backward(y)
        ctx.save_for_forward(y)
        ctx.y = y.detach()
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * (g - (g * y).sum(-1, keepdim=True))

    @staticmethod
    def jvp(ctx, t):
        (y,) = ctx.saved_tensors
        return y * (t - (t * y).sum(-1, keepdim=True))

class Wrong(Right):
    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y

class Lost(Right):
    @staticmethod
    def backward(ctx, g):
        return ctx.y * (g - (g * ctx.y).sum(-1, keepdim=True))

class Ahead(Right):
    @staticmethod
    def jvp(ctx, t):
        (y,) = ctx.saved_tensors
        return y * t

def dropped_Wrong(x):
    return Wrong.apply(x) * (torch.rand(x.shape) < 0.5)

def dropped_Right(x):
    return Right.apply(x) * (torch.rand(x.shape) < 0.5)

def scaled_Lost(x, w):
    return Lost.apply(w * x)

def scaled_Ahead(x, w):
    return Ahead.apply(w * x)

def scaled_Right(x, w):
    return Right.apply(w * x)
"""

JAX = """
import jax
import jax.numpy as jnp
from jax.custom_derivatives import linear_call

def made(back, keep=lambda y: y):
    f = jax.custom_vjp(lambda x: jax.nn.softmax(x))
    f.defvjp(lambda x: (f(x), keep(jax.nn.softmax(x))), lambda y, g: (back(y, g),))
    return f

def product(y, g):
    return y * (g - (g * y).sum(-1, keepdims=True))

def scaled_lost(x, w):
    return lost(w * x)

def scaled_right(x, w):
    return right(w * x)

right = made(product)
wrong = made(lambda y, g: g * y)
lost = made(product, jax.lax.stop_gradient)

@jax.custom_jvp
def straight(x):
    return jax.nn.softmax(x)

@jax.custom_jvp
def ahead(x):
    return jax.nn.softmax(x)

@straight.defjvp
def _(xs, ts):
    y = jax.nn.softmax(*xs)
    return y, linear_call(product, product, y, *ts)

@ahead.defjvp
def _(xs, ts):
    y = jax.nn.softmax(*xs)
    return y, linear_call(lambda y, t: t * y, product, y, *ts)
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
        [sys.executable, "-W", "error", "-W", "ignore:`torch.jit.script`", "shown.py"],
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
    assert "seed 3" in texts.pop()


def test_one_input_and_one_output_take_a_straight_program(module):
    ops = module(MODULE)
    report = check(ops.softmax, (X,), vjp=ops.diagonal)
    assert "terms = u * claim(g, y, x)\n" in report.snippet
    lines = report.snippet.splitlines()
    assert len(lines) < 50
    assert max(map(len, lines)) <= 80


PAIRS = {
    "torch": (TORCH, [
        ("Wrong", "Right", ("float64",)),
        ("Wrong", "Right", ("bfloat16",)),
        ("dropped_Wrong", "dropped_Right", ("float32",)),
        ("Lost", "Right", ("float32",)),
        ("scaled_Lost", "scaled_Right", ("float64", "float64")),
        ("Ahead", "Right", ("float64",)),
        ("scaled_Ahead", "scaled_Right", ("float32", "float32")),
    ]),
    "jax": (JAX, [
        ("wrong", "right", ("float32",)),
        ("lost", "right", ("float32",)),
        ("ahead", "straight", ("float32",)),
        ("scaled_lost", "scaled_right", ("float32", "float32")),
    ]),
}  # fmt: skip
"""Wrong functions with right twins, and the inputs' dtypes."""


@pytest.mark.parametrize("library", PAIRS)
def test_a_library(library, module, tmp_path):
    if find_spec(library) is None:
        pytest.skip(f"needs {library}")
    from softgrad.check.frameworks import frame_named

    source, pairs = PAIRS[library]
    name, frame, programs = f"sg_checked_{library}", frame_named(library), []
    ops = module(source, name)
    for wrong, right, dtypes in pairs:
        inputs = tuple(frame.make(X, dtype) for dtype in dtypes)
        report = check(getattr(ops, wrong), inputs, battery=False)
        assert report.ok is False
        named = "second_derivative_lost" if "ost" in wrong else "forward_mode_wrong"
        assert (report.bug == named) is ("rong" not in wrong)
        text = report.snippet.replace(f"import {wrong}", f"import {right}")
        programs += [report.snippet, text.replace(f"{wrong}.apply", f"{right}.apply")]
    # In one process, because importing the library takes long.
    together = f"codes = []\nfor text in {programs!r}:\n" + textwrap.indent(
        "try:\n    exec(text, {})\nexcept SystemExit as left:\n    codes.append(left.code)\n",
        "    ",
    )
    done = run(together + "print(codes)\n", tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == str([1, 0] * len(pairs))
    assert done.stdout.count("claimed") == 2 * len(pairs)
