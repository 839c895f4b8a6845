"""Time of softgrad's calls beside its peers', interleaved in one run.

Run ``python bench/speed.py``; it needs torch, JAX and SciPy. Each figure is the median time of
softgrad; each ratio the median, over rounds, of the peer's time by softgrad's in the same round.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
import torch

import softgrad

ROUNDS = 9
SECONDS = 0.03


def once(call: Callable[[], object]) -> float:
    """Return the time of one call, averaged over enough calls to last a while."""
    start = perf_counter()
    call()
    repeats = max(1, int(SECONDS / max(perf_counter() - start, 1e-7)))
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) / repeats


def compare(calls: dict[str, Callable[[], object]]) -> tuple[float, dict[str, float]]:
    """Return softgrad's median time and each peer's ratio to it."""
    for call in calls.values():
        call()
    rounds = [{name: once(call) for name, call in calls.items()} for _ in range(ROUNDS)]
    ratios = {p: median(r[p] / r["softgrad"] for r in rounds) for p in calls if p != "softgrad"}
    return median(r["softgrad"] for r in rounds), ratios


def forward(shape: tuple[int, int], dtype: type) -> dict[str, Callable[[], object]]:
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    tensor = torch.tensor(x)
    return {
        "softgrad": lambda: softgrad.softmax(x),
        "SciPy": lambda: scipy.special.softmax(x, -1),
        "torch": lambda: torch.softmax(tensor, -1),
    }


def backward(shape: tuple[int, int], dtype: type) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    x, g = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    p, pullback = softgrad.vjp(softgrad.softmax, x)
    saved, upstream = torch.tensor(p), torch.tensor(g)
    kind = saved.dtype
    return {
        "softgrad": lambda: pullback(g),
        "NumPy": lambda: p * (g - (g * p).sum(-1, keepdims=True)),
        "torch": lambda: torch._softmax_backward_data(upstream, saved, -1, kind),
    }


def compiled(shape: tuple[int, int], dtype: type) -> dict[str, Callable[[], object]]:
    x = jnp.asarray(np.random.default_rng(0).normal(size=shape).astype(dtype))
    ours, theirs = jax.jit(softgrad.softmax), jax.jit(jax.nn.softmax)
    return {
        "softgrad": lambda: ours(x).block_until_ready(),
        "JAX": lambda: theirs(x).block_until_ready(),
    }


def product(n: int) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=n), rng.normal(size=n)
    J = softgrad.jacobian(softgrad.softmax, x)
    return {"softgrad": lambda: J @ t}


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'':44}{'softgrad':>12}   peer's time / softgrad's")
    for work, make in (
        ("softmax in NumPy", forward),
        ("softmax backward in NumPy", backward),
        ("softmax under jax.jit", compiled),
    ):
        for shape in ((1, 10), (64, 1000), (128, 32000)):
            for dtype in (np.float32, np.float64) if make is not compiled else (np.float32,):
                time, ratios = compare(make(shape, dtype))
                label = f"{work}, {shape[0]} x {shape[1]}, {dtype.__name__}"
                peers = "  ".join(f"{p} {r:.2f}" for p, r in ratios.items())
                print(f"{label:44}{time * 1e6:10.1f}us   {peers}", flush=True)
    time, _ = compare(product(1_000_000))
    print(f"{'Jacobian product, n = 1,000,000, float64':44}{time * 1e6:10.1f}us   dense: 8 TB")


if __name__ == "__main__":
    main()
