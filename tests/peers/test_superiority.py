"""Wrong gradients that the peers' checkers pass, as published, and that softgrad's does not.

Each row is asserted on the peer that is installed. Where a later release of a peer sees the fault,
the row fails and says so: it may then go.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import softgrad


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def right(g, x):
    y = softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


def diagonal_only(g, x):
    y = softmax(x)
    return g * y * (1 - y)


def one_entry_off(g, x):
    d = right(g, x)
    d.reshape(-1)[np.argsort(np.abs(d).ravel())[d.size // 2]] *= 1.01
    return d


FAULTS = {
    "all zeros": lambda g, x: np.zeros_like(x),
    "the sign flipped": lambda g, x: -right(g, x),
    "diagonal only": diagonal_only,
    "one entry off by 1 %": one_entry_off,
}


def torch_accepts(x, backward, *, fast):
    torch = pytest.importorskip("torch")

    class Claimed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.tensor(softmax(x.detach().numpy()))

        @staticmethod
        def backward(ctx, g):
            return torch.tensor(backward(g.numpy(), ctx.saved_tensors[0].detach().numpy()))

    torch.manual_seed(0)
    at = torch.tensor(x, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the input is not float64
        return torch.autograd.gradcheck(Claimed.apply, at, fast_mode=fast, raise_exception=False)


def torch_slow(x, backward):
    return torch_accepts(x, backward, fast=False)


def torch_fast(x, backward):
    return torch_accepts(x, backward, fast=True)


def jax_reverse(x, backward, function="softmax"):
    jax = pytest.importorskip("jax")
    from jax.test_util import check_grads

    forward = {"softmax": jax.nn.softmax, "sqrt": jax.numpy.sqrt}[function]

    @jax.custom_vjp
    def claimed(x):
        return forward(x)

    def pull(x, g):
        run = lambda g, x: backward(np.asarray(g), np.asarray(x))  # noqa: E731
        return (jax.pure_callback(run, jax.ShapeDtypeStruct(x.shape, x.dtype), g, x),)

    claimed.defvjp(lambda x: (claimed(x), x), pull)
    with jax.enable_x64(x.dtype == np.float64):
        try:
            check_grads(claimed, (jax.numpy.asarray(x),), order=1, modes=["rev"])
        except AssertionError:
            return False
    return True


def scipy_norm(x, backward):
    """Return what SciPy's ``check_grad`` returns for ⟨g, softmax⟩, g fixed."""
    check_grad = pytest.importorskip("scipy.optimize").check_grad
    g = np.random.default_rng(1).normal(size=x.shape).astype(x.dtype)
    f = lambda at: (g * softmax(at.astype(x.dtype))).sum()  # noqa: E731
    return check_grad(f, lambda at: backward(g, at.astype(x.dtype)), x)


def autograd_reverse(x, backward):
    pytest.importorskip("autograd")
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    claimed = primitive(lambda x: softmax(x))
    defvjp(claimed, lambda y, x: lambda g: backward(g, x))
    np.random.seed(0)
    try:
        check_grads(claimed, modes=["rev"], order=1)(x)
    except AssertionError:
        return False
    return True


@dataclass(frozen=True)
class Passed:
    """A fault at n logits of N(0, spread) that a peer's check lets pass with its defaults."""

    accepts: Callable
    fault: str
    n: int
    spread: float
    dtype: str = "float64"

    @property
    def x(self):
        x = np.random.default_rng(0).normal(size=(1, self.n)) * self.spread
        return x.astype(self.dtype)

    def __str__(self):
        return f"{self.accepts.__name__}: {self.fault}, {self.n} {self.dtype}"


PASSED = [
    Passed(torch_fast, "all zeros", 100, 0.1),
    Passed(torch_fast, "the sign flipped", 100, 0.1),
    Passed(torch_fast, "all zeros", 1000, 0.1),
    Passed(torch_fast, "the sign flipped", 1000, 0.1),
    Passed(torch_slow, "diagonal only", 1000, 0.1),
    Passed(torch_slow, "one entry off by 1 %", 1000, 1.0),
    Passed(jax_reverse, "diagonal only", 10_000, 0.1, "float32"),
    Passed(jax_reverse, "one entry off by 1 %", 1000, 1.0),
    Passed(autograd_reverse, "one entry off by 1 %", 1000, 1.0),
]


@pytest.mark.parametrize("row", PASSED, ids=str)
def test_the_peer_passes_it_and_softgrad_does_not(row):
    wrong = FAULTS[row.fault]
    assert row.accepts(row.x, wrong), f"this release of the peer sees the fault now: {row}"
    report = softgrad.check(softmax, (row.x,), vjp=wrong, battery=False)
    assert report.ok is False, report
    assert softgrad.check(softmax, (row.x,), vjp=right, battery=False).ok is True


@pytest.mark.parametrize("accepts", [torch_slow, torch_fast, autograd_reverse])
def test_the_peer_calls_the_right_gradient_wrong_in_float32(accepts):
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    assert not accepts(x, right), f"{accepts.__name__} takes float32 now"
    assert softgrad.check(softmax, (x,), vjp=right, battery=False).ok is True


def test_scipy_prefers_zeros_to_the_right_gradient_in_float32():
    """Its step of 1.5e-8 is lost in float32: every difference is 0."""
    x = (1 + np.random.default_rng(0).random(20)).astype(np.float32)
    zeros = FAULTS["all zeros"]
    assert scipy_norm(x, zeros) == 0 < scipy_norm(x, right), "SciPy sees the zeros now"
    assert softgrad.check(softmax, (x,), vjp=zeros, battery=False).ok is False


def test_jax_passes_nan_where_a_difference_leaves_the_domain():
    """The difference is NaN there too, and NaN counts as equal to NaN."""
    x = np.array([0.0, 1.0, 2.0, 3.0])
    nan = lambda g, x: np.full_like(x, np.nan)  # noqa: E731
    assert jax_reverse(x, nan, "sqrt"), "JAX sees the NaN now"
    assert softgrad.check(np.sqrt, (x,), vjp=nan, battery=False).ok is False
