"""The peers' checkers on one problem, each with its defaults, behind one signature."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

import ml_dtypes
import numpy as np

from measuring.problems import Problem

__all__ = ["PEERS", "Peer", "to_numpy", "to_torch", "verdict"]

ACCEPTED_NORM = 1e-6  # SciPy returns a norm and says nothing of what is small
CHAINRULES = 1e-9  # rtol = atol of ChainRulesTestUtils.test_rrule


@dataclass(frozen=True)
class Peer:
    """One checker.

    Parameters
    ----------
    name
        What the tables call it.
    accepts
        ``accepts(problem, seed)``: whether it finds the claim right; ``None`` if it cannot tell.
    calls
        ``calls(n, m)``: about how many forward and backward runs for n inputs and m outputs.
    memory
        ``memory(n, m)``: bytes of its largest array.
    dtypes
        What it takes.
    own
        About how long its own work for each run takes, in runs.
    """

    name: str
    accepts: Callable[[Problem, int], bool | None]
    calls: Callable[[int, int], tuple[int, int]] = lambda n, m: (13, 4)
    memory: Callable[[int, int], float] = lambda n, m: 8.0 * (n + m)
    dtypes: tuple[str, ...] = ("float64", "float32", "bfloat16")
    own: float = 0.0


def verdict(
    peer: Peer, problem: Problem, seed: int, *, most_seconds: float, most_bytes: float = 2e9
) -> tuple[str, float]:
    """Return ``right``, ``wrong``, ``undecided`` or why it is not run, and the seconds it took."""
    dtype = problem.x.dtype.name
    if dtype not in peer.dtypes:
        return f"does not take {dtype}", 0.0
    n, m, once = problem.x.size, problem.run(problem.x).size, _seconds(problem)
    if peer.memory(n, m) > most_bytes:
        return f"needs {peer.memory(n, m) / 1e9:,.0f} GB", 0.0
    expected = once * sum(peer.calls(n, m)) * (1 + peer.own)
    if expected > most_seconds:
        return f"would take {expected:,.0f} s", 0.0
    problem.forwards = problem.backwards = 0
    start = perf_counter()
    told = {True: "right", False: "wrong", None: "undecided"}[peer.accepts(problem, seed)]
    return told, perf_counter() - start


def _seconds(problem: Problem) -> float:
    """Return the time of one forward or backward run, the faster of two rounds."""
    rounds = []
    for _ in range(2):
        start = perf_counter()
        problem.pull(np.ones_like(problem.run(problem.x)), problem.x)
        rounds.append(perf_counter() - start)
    return min(rounds) / 2


# -- torch -----------------------------------------------------------------------------------------


def to_numpy(tensor: Any) -> np.ndarray:
    """Return a CPU tensor's memory as a NumPy array."""
    import torch

    if tensor.dtype == torch.bfloat16:
        return tensor.detach().contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.detach().numpy()


def to_torch(array: np.ndarray) -> Any:
    """Return a NumPy array as a tensor of its own."""
    import torch

    array = np.array(array)
    if array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def _torch(problem: Problem, seed: int, *, fast: bool) -> bool:
    import warnings

    import torch

    class Claimed(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return to_torch(problem.run(to_numpy(x)))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return to_torch(problem.pull(to_numpy(g), to_numpy(x)))

    torch.manual_seed(seed)
    at = to_torch(problem.x).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the input is not float64
        return torch.autograd.gradcheck(Claimed.apply, (at,), fast_mode=fast, raise_exception=False)


# -- JAX -------------------------------------------------------------------------------------------


@cache
def _jax_function(shape: tuple[int, ...], dtype: str, out: tuple[int, ...], kind: str) -> Any:
    """Return a function with a custom VJP, and the cell for the problem that it calls.

    One for each shape, so that JAX compiles it once.
    """
    import jax

    cell: list[Problem] = []
    like_x, like_y = jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct(out, kind)

    @jax.custom_vjp
    def claimed(x: Any) -> Any:
        return jax.pure_callback(lambda x: cell[-1].run(np.asarray(x)), like_y, x)

    def pull(x: Any, g: Any) -> Any:
        run = lambda x, g: cell[-1].pull(np.asarray(g), np.asarray(x))  # noqa: E731
        return (jax.pure_callback(run, like_x, x, g),)

    claimed.defvjp(lambda x: (claimed(x), x), pull)
    return jax.jit(claimed), cell


def _jax(problem: Problem, seed: int) -> bool:
    import jax
    from jax.test_util import check_grads

    # for the whole process: callbacks on large arrays come from other threads
    jax.config.update("jax_enable_x64", True)
    y = np.asarray(problem.forward(problem.x))
    claimed, cell = _jax_function(problem.x.shape, problem.x.dtype.name, y.shape, y.dtype.name)
    cell[:] = [problem]
    try:
        check_grads(claimed, (jax.numpy.asarray(problem.x),), order=1, modes=["rev"])
    except AssertionError:
        return False
    return True


# -- NumPy -----------------------------------------------------------------------------------------


def _autograd(problem: Problem, seed: int) -> bool:
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    claimed = primitive(problem.run)
    defvjp(claimed, lambda y, x: lambda g: problem.pull(np.asarray(g, y.dtype), x))
    np.random.seed(seed)
    try:
        check_grads(claimed, modes=["rev"], order=1)(problem.x)
    except AssertionError:
        return False
    return True


def _scipy(problem: Problem, seed: int) -> bool:
    from scipy.optimize import check_grad

    x = problem.x
    g = _upstream(problem, seed)

    def value(at: np.ndarray) -> float:
        y = problem.run(at.reshape(x.shape).astype(x.dtype))
        return float((g.astype(np.float64) * y.astype(np.float64)).sum())

    def gradient(at: np.ndarray) -> np.ndarray:
        return problem.pull(g, at.reshape(x.shape).astype(x.dtype)).astype(np.float64).ravel()

    return check_grad(value, gradient, x.astype(np.float64).ravel()) <= ACCEPTED_NORM


def _chainrules(problem: Problem, seed: int) -> bool:
    """Its rule, given the exact derivative in place of its differences."""
    assert problem.truth is not None
    g = _upstream(problem, seed)
    claimed = problem.pull(g, problem.x).astype(np.float64).ravel()
    true = problem.truth(g.astype(np.float64)).ravel()
    size = max(np.linalg.norm(claimed), np.linalg.norm(true))
    return bool(np.linalg.norm(claimed - true) <= max(CHAINRULES, CHAINRULES * size))


def _upstream(problem: Problem, seed: int) -> np.ndarray:
    y = problem.run(problem.x)
    return np.asarray(np.random.default_rng(seed).normal(size=y.shape)).astype(y.dtype)


PEERS = (
    Peer(
        "torch slow",
        lambda problem, seed: _torch(problem, seed, fast=False),
        lambda n, m: (2 * n + 2, 2 * m + 2),
        lambda n, m: 8.0 * n * m,
    ),
    Peer("torch fast", lambda problem, seed: _torch(problem, seed, fast=True), lambda n, m: (4, 4)),
    Peer("JAX", _jax, lambda n, m: (4, 1)),
    Peer("autograd", _autograd, lambda n, m: (4, 1), dtypes=("float64", "float32")),
    Peer("SciPy", _scipy, lambda n, m: (n + 2, 1), own=1.5),
    Peer("ChainRules' rule", _chainrules, lambda n, m: (12 * n, 1)),
)
"""Every peer; ChainRules' is the tolerance rule of its tests, re-stated."""
