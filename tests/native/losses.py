"""Calls of the losses of probabilities and of outcomes, and their truth."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from native.exact import Extended, Logistic, Row
from native.harness import Call
from native.measure import Precision, Truth

__all__ = ["binary_cross_entropy", "soft_cross_entropy"]


def _targets(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return probabilities: in turn spread, all at the largest logit, few and not summing to 1."""
    y = rng.exponential(size=x.shape) ** 3
    y /= y.sum(-1, keepdims=True)
    y[1::3] = np.arange(x.shape[1]) == x[1::3].argmax(-1)[:, None]
    y[2::3] *= rng.random(y[2::3].shape) < 0.3
    return y


def soft_cross_entropy(x: np.ndarray, precision: Precision) -> Iterator[Call]:
    """Yield calls for targets plain, smoothed and weighted."""
    n, rng = x.shape[1], np.random.default_rng(x.shape[1])
    row = Row(precision.decode(x))
    y = precision.encode(_targets(precision.decode(x), rng))
    exact = precision.decode(y).astype(Extended)
    wide = "f8" if precision.name == "float64" else "f4"
    weights = (rng.uniform(0, 2, n) * (rng.random(n) < 0.8)).astype(wide)
    off = 0.125 / n
    choices = {
        "": (None, (1, 0, 0, 1, 0, 0)),
        "smoothed": (None, (0.875, off, n * off, 0.5, 0.01, 0.005)),
        "weighted": (weights, (0.875, off, off * float(weights.sum(dtype="f8")), 0.5, 0, 0)),
    }
    for note, (weight, constants) in choices.items():
        kept, spread, _, share, lse_loss, lse_share = constants
        q = (kept * exact + spread) * (1 if weight is None else weight.astype(Extended))

        @cache
        def truths(
            q: np.ndarray = q,
            share: float = share,
            on_lse: tuple = (lse_loss, lse_share),
            smoothed: bool = spread > 0,
        ) -> list[list[Truth]]:
            cost = (q * np.where(q == 0, 0, -row.log_p)).sum(-1)
            lse, size = row.lse[:, 0], row.lse_size[:, 0]
            loss = cost + on_lse[0] * lse**2
            scale = cost + on_lse[0] * (lse**2 + 2 * np.abs(lse) * size)
            others, rest = q.sum(-1, keepdims=True) - q, 1 - row.p
            np.put_along_axis(rest, row.top, row.without(row.top[:, 0]), -1)
            slope = 2 * on_lse[1] * row.p
            by_x = share * (row.p * others - q * rest) + slope * row.lse
            # smoothing is summed apart: what others ask for is known to an eps of the whole
            least = np.ldexp(others + q, -2) if smoothed else 0
            terms = share * (row.p * (others + least) + q * rest) + np.abs(slope) * row.lse_size
            return [
                [Truth("loss", loss, 4, terms=scale)],
                [Truth("gradient", by_x, 6, terms=terms)],
            ]

        args = [x, y, weight]
        yield Call("soft_cross_entropy", n, args, constants, lambda t=truths: t()[:1], note)
        yield Call("soft_cross_entropy_grad", n, args, constants, truths, note)


def binary_cross_entropy(x: np.ndarray, precision: Precision) -> Iterator[Call]:
    """Yield calls for outcomes plain, smoothed and weighted."""
    n, rng = x.shape[1], np.random.default_rng(x.shape[1])
    y = precision.encode(np.clip(rng.uniform(-0.3, 1.3, x.shape), 0, 1))
    w, v = (precision.encode(rng.uniform(0, 2, x.shape)) for _ in range(2))
    at = Logistic(precision.decode(x))
    choices = {
        "": (None, None, (1, 0, 1, 1, 1)),
        "smoothed": (None, v, (0.875, 0.0625, 0.5, 9, 0.25)),
        "weighted": (w, None, (1, 0, 9, 1.5, 0.25)),
    }
    for note, (weight, pos_weight, constants) in choices.items():

        @cache
        def truths(
            weight: np.ndarray | None = weight,
            pos_weight: np.ndarray | None = pos_weight,
            constants: tuple = constants,
        ) -> list[list[Truth]]:
            kept, spread, w, v, share = constants
            w = w if weight is None else precision.decode(weight).astype(Extended)
            v = v if pos_weight is None else precision.decode(pos_weight).astype(Extended)
            t = kept * precision.decode(y).astype(Extended) + spread
            loss = (w * (v * t * -at.log_up + (1 - t) * at.cost)).sum(-1)
            up, down = share * w * (1 - t) * at.up, share * w * v * t * at.down
            return [
                [Truth("loss", loss, 5)],
                [Truth("gradient", up - down, 6, terms=up + down)],
            ]

        args = [x, y, weight, pos_weight]
        yield Call("binary_cross_entropy", n, args, constants, lambda t=truths: t()[:1], note)
        yield Call("binary_cross_entropy_grad", n, args, constants, truths, note)
