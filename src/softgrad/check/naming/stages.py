"""Guesses that the derivative was taken with respect to another intermediate."""

from collections.abc import Callable, Iterator

import numpy as np

from softgrad.check.naming.guess import Guess, distance
from softgrad.check.naming.instance import Instance, Pair
from softgrad.check.report.finding import Finding

__all__ = ["stages"]


def stages(instance: Instance, p: Pair) -> Iterator[Guess]:
    """Ask whether the claim is the derivative with respect to φ(x), or has φ′ twice."""
    if not np.isfinite(p.x).all():
        return
    gs = instance.cotangents(2)
    true = np.stack([(g @ p.true).reshape(p.x.shape) for g in gs])
    claimed = np.stack([(g @ p.claimed).reshape(p.x.shape) for g in gs])
    if not true.any() or not claimed.any():
        return
    slack = max(1e-5, 4 * p.eps)
    for label, back, bug in _inner(p.x):
        mapped = np.stack([back(t) for t in true])
        if distance(true, mapped) < slack:
            continue  # f does not see this stage, so it explains nothing
        for found, told, gap in (
            (
                bug,
                f"your gradient is with respect to {label}, not {p.name}",
                distance(true, np.stack([back(d) for d in claimed])),
            ),
            (
                "wrong_stage",
                f"the derivative of {label} is applied twice",
                distance(claimed, mapped),
            ),
        ):
            finding = Finding(found, f"{p.name}: {told}", residual=gap)
            yield Guess(finding, gap < slack)


def _inner(x: np.ndarray) -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray], str]]:
    s = 1 / (1 + np.exp(-x))
    t = np.tanh(x)
    for axis in range(x.ndim):
        shifted = np.exp(x - x.max(axis, keepdims=True))
        p = shifted / shifted.sum(axis, keepdims=True)

        def softmax(d: np.ndarray, p: np.ndarray = p, axis: int = axis) -> np.ndarray:
            return p * (d - (p * d).sum(axis, keepdims=True))

        def log_softmax(d: np.ndarray, p: np.ndarray = p, axis: int = axis) -> np.ndarray:
            return d - p * d.sum(axis, keepdims=True)

        yield f"softmax along axis {axis}", softmax, "wrong_stage"
        yield f"log-softmax along axis {axis}", log_softmax, "wrong_stage"
    yield "sigmoid", lambda d: s * (1 - s) * d, "missing_chain_factor"
    yield "tanh", lambda d: (1 - t * t) * d, "missing_chain_factor"
    yield "exp", lambda d: np.exp(x) * d, "missing_chain_factor"
    yield "the square", lambda d: 2 * x * d, "missing_chain_factor"
    if (x > 0).all():
        yield "the logarithm", lambda d: d / x, "missing_chain_factor"
