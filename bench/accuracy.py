"""Largest error of softgrad and its peers, in ulp, against extended precision.

Run ``python bench/accuracy.py``; it needs torch, JAX and SciPy. The reference is computed in
NumPy's longdouble (64-bit mantissa or more) from the same float32 inputs.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
import torch

import softgrad

Rows = np.ndarray


def wide(x: Rows) -> Rows:
    return x.astype(np.longdouble)


def exact_softmax(x: Rows) -> Rows:
    e = np.exp(wide(x) - wide(x).max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def exact_log_softmax(x: Rows) -> Rows:
    below = wide(x) - wide(x).max(-1, keepdims=True)
    others = np.where(below == 0, 0, np.exp(below)).sum(-1, keepdims=True)
    return below - np.log1p(others + (below == 0).sum(-1, keepdims=True) - 1)


def exact_vjp(x: Rows, g: Rows) -> Rows:
    p = exact_softmax(x)
    pivot = np.take_along_axis(wide(g), p.argmax(-1)[:, None], -1)
    centred = wide(g) - pivot
    return p * (centred - (p * centred).sum(-1, keepdims=True))


def ulps(found: Rows, exact: Rows) -> float:
    found = np.asarray(found)
    normal = np.abs(exact) >= np.finfo(found.dtype).tiny
    if not normal.any():
        return 0.0
    spacing = np.spacing(np.abs(exact[normal].astype(found.dtype))).astype(np.longdouble)
    return float(np.max(np.abs(wide(found)[normal] - exact[normal]) / spacing))


def torch_vjp(x: Rows, g: Rows) -> Rows:
    at = torch.tensor(x, requires_grad=True)
    return torch.autograd.grad(torch.softmax(at, -1), at, torch.tensor(g))[0].numpy()


def torch_loss_gradient(x: Rows, target: Rows) -> Rows:
    at = torch.tensor(x, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(at, torch.tensor(target), reduction="sum")
    return torch.autograd.grad(loss, at)[0].numpy()


def jax_loss(x: Rows, target: Rows) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(jnp.asarray(x)), target[:, None], 1)[:, 0]


def forward(x: Rows) -> tuple[Rows, dict[str, Callable]]:
    return exact_softmax(x), {
        "softgrad": lambda: softgrad.softmax(x),
        "torch": lambda: torch.softmax(torch.tensor(x), -1).numpy(),
        "SciPy": lambda: scipy.special.softmax(x, -1),
        "JAX": lambda: jax.nn.softmax(jnp.asarray(x)),
    }


def logarithm(x: Rows) -> tuple[Rows, dict[str, Callable]]:
    return exact_log_softmax(x), {
        "softgrad": lambda: softgrad.log_softmax(x),
        "torch": lambda: torch.log_softmax(torch.tensor(x), -1).numpy(),
        "SciPy": lambda: scipy.special.log_softmax(x, -1),
        "JAX": lambda: jax.nn.log_softmax(jnp.asarray(x)),
    }


def backward(x: Rows, g: Rows) -> tuple[Rows, dict[str, Callable]]:
    return exact_vjp(x, g), {
        "softgrad": lambda: softgrad.vjp(softgrad.softmax, x)[1](g),
        "torch": lambda: torch_vjp(x, g),
        "JAX": lambda: jax.vjp(jax.nn.softmax, jnp.asarray(x))[1](jnp.asarray(g))[0],
    }


def loss(x: Rows, target: Rows) -> tuple[Rows, dict[str, Callable]]:
    exact = -np.take_along_axis(exact_log_softmax(x), target[:, None], 1)[:, 0]
    tensors = torch.tensor(x), torch.tensor(target)
    return exact, {
        "softgrad": lambda: softgrad.cross_entropy(x, target, reduction="none"),
        "torch": lambda: torch.nn.functional.cross_entropy(*tensors, reduction="none").numpy(),
        "JAX": lambda: jax_loss(x, target),
    }


def loss_gradient(x: Rows, target: Rows) -> tuple[Rows, dict[str, Callable]]:
    exact = exact_softmax(x)
    rows = np.arange(len(x))
    others = exact.copy()
    others[rows, target] = 0
    exact[rows, target] = -others.sum(-1)
    cross_entropy = softgrad.cross_entropy
    return exact, {
        "softgrad": lambda: softgrad.value_and_grad(cross_entropy, x, target, reduction="sum")[1],
        "torch": lambda: torch_loss_gradient(x, target),
        "JAX": lambda: jax.grad(lambda z: jax_loss(z, target).sum())(jnp.asarray(x)),
    }


def confident(rng: np.random.Generator, rows: int, n: int, by: float) -> tuple[Rows, Rows]:
    x = rng.normal(size=(rows, n)).astype(np.float32)
    target = rng.integers(n, size=rows)
    x[np.arange(rows), target] += by
    return x, target


def table() -> dict[str, tuple[Rows, dict[str, Callable]]]:
    rng = np.random.default_rng(0)

    def normal(rows: int, n: int, scale: float) -> Rows:
        return (rng.normal(size=(rows, n)) * scale).astype(np.float32)

    sure, target = confident(rng, 64, 1000, 20.0)
    far = np.clip(normal(64, 1000, 3000.0), -1e4, 1e4)
    return {
        "softmax, logits N(0, 10)": forward(normal(64, 1000, 10.0)),
        "softmax, logits N(0, 30)": forward(normal(64, 1000, 30.0)),
        "softmax, logits to ±1e4": forward(far),
        "softmax, n = 131,072": forward(normal(4, 131_072, 1.0)),
        "log_softmax, confident (+20)": logarithm(sure),
        "softmax backward, confident": backward(sure, normal(64, 1000, 1.0)),
        "cross-entropy loss, confident": loss(sure, target),
        "cross-entropy gradient, confident": loss_gradient(sure, target),
    }


def main() -> None:
    peers = ("softgrad", "torch", "SciPy", "JAX")
    print(f"float32, largest error in ulp\n\n{'':34}" + "".join(f"{p:>12}" for p in peers))
    for name, (exact, methods) in table().items():
        with np.errstate(all="ignore"):
            found = [
                f"{ulps(methods[p](), exact):12.3g}" if p in methods else " " * 11 + "-"
                for p in peers
            ]
        print(f"{name:34}" + "".join(found))


if __name__ == "__main__":
    main()
