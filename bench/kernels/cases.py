"""One measurement's subject: a work on an array of some shape and dtype, and its inputs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import ml_dtypes
import numpy as np

__all__ = ["DRAWS", "Case", "forget", "logits", "probabilities", "target", "upstream"]

Draw = Callable[[np.random.Generator, tuple[int, ...], np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A work and what it is done on; ``draw`` names the distribution of the logits."""

    work: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    axis: int = -1
    threads: int = 1
    draw: str = "N(0, 1)"

    @property
    def size(self) -> int:
        """The number of logits."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def n(self) -> int:
        """The length of a row."""
        return self.shape[self.axis]

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape of what has one number per row."""
        return tuple(np.delete(self.shape, self.axis).tolist())

    @property
    def inner(self) -> int:
        """How far apart the entries of a row lie."""
        return prod(self.shape[self.axis % len(self.shape) + 1 :])

    @property
    def kind(self) -> np.dtype:
        """The dtype as NumPy has it."""
        return np.dtype(ml_dtypes.bfloat16 if self.dtype == "bfloat16" else self.dtype)

    @property
    def bytes(self) -> int:
        """What one array of logits occupies."""
        return self.size * self.kind.itemsize

    @property
    def label(self) -> str:
        """What tells it from every other case of speed."""
        return ", ".join(filter(None, [self.work, self.size_label, self.dtype, self.settings]))

    @property
    def size_label(self) -> str:
        """The shape in words."""
        return "×".join(map(str, self.shape))

    @property
    def settings(self) -> str:
        """What is not as usual: the axis, the threads."""
        axis = f"axis {self.axis}" if self.axis != -1 else ""
        threads = f"{self.threads} threads" if self.threads > 1 else ""
        return ", ".join(filter(None, [axis, threads]))


def _normal(scale: float, shift: float = 0.0) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], target: np.ndarray) -> np.ndarray:
        x = rng.standard_normal(shape, dtype=np.float32)
        return x if scale == 1 and not shift else x * np.float64(scale) + shift

    return draw


def _confident(by: float) -> Draw:
    def draw(rng: np.random.Generator, shape: tuple[int, ...], target: np.ndarray) -> np.ndarray:
        x = rng.standard_normal(shape)
        chosen = target[..., None]
        np.put_along_axis(x, chosen, np.take_along_axis(x, chosen, -1) + by, -1)
        return x

    return draw


DRAWS: dict[str, Draw] = {
    "N(0, 1)": _normal(1),
    "N(0, 10)": _normal(10),
    "N(0, 30)": _normal(30),
    "U(±1e4)": lambda rng, shape, target: rng.uniform(-1e4, 1e4, shape),
    "constant": lambda rng, shape, target: np.full(shape, 0.3),
    "confident +20": _confident(20),
    "confident +40": _confident(40),
    "shift +1000": _normal(1, 1000),
}


@lru_cache(maxsize=2)
def logits(case: Case) -> np.ndarray:
    """Return the input."""
    x = DRAWS[case.draw](np.random.default_rng(0), case.shape, target(case))
    return np.ascontiguousarray(x, case.kind)


@lru_cache(maxsize=2)
def upstream(case: Case) -> np.ndarray:
    """Return the gradient, or tangent, that a derivative is applied to."""
    g = np.random.default_rng(1).standard_normal(case.shape, dtype=np.float32)
    return g.astype(case.kind, copy=False)


@lru_cache(maxsize=2)
def target(case: Case) -> np.ndarray:
    """Return the class of each row."""
    return np.random.default_rng(2).integers(case.n, size=case.batch)


@lru_cache(maxsize=2)
def probabilities(case: Case) -> np.ndarray:
    """Return the softmax, rounded once from a wider dtype."""
    wide = np.longdouble if case.dtype == "float64" else np.float64
    e = logits(case).astype(wide)
    e -= e.max(case.axis, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(case.axis, keepdims=True)
    return e.astype(case.kind)


def forget() -> None:
    """Let go of the inputs made so far."""
    for made in (logits, upstream, target, probabilities):
        made.cache_clear()
