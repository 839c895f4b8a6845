"""What is handed to every checker alike: a function, its backward pass, and a point."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import ml_dtypes
import numpy as np

import softgrad
from measuring.document import ROOT
from softgrad.check.naming.likeness import Likeness
from softgrad.function import Function

sys.path.insert(0, str(ROOT / "tests"))
from support.cases import FUNCTIONS, OPTIONS, Case, cases, singles, targets

__all__ = [
    "DTYPES",
    "FUNCTIONS",
    "OPTIONS",
    "SIZES",
    "Case",
    "Problem",
    "Setting",
    "settings",
    "targets",
]

DTYPES = {"float64": np.dtype("f8"), "float32": np.dtype("f4"), "bfloat16": ml_dtypes.bfloat16}
SIZES = {"S": (4, 5), "L": (2, 1000), "XL": (1, 1_000_000)}


@dataclass
class Problem:
    """A function of one array and its claimed backward pass, counted.

    Parameters
    ----------
    forward
        ``forward(x) -> y``.
    backward
        ``backward(g, x) -> gradient``: the claim.
    x
        The point.
    truth
        ``truth(g) -> gradient`` at the point, in float64, for rules that presuppose it.
    forwards, backwards
        How often they ran.
    """

    forward: Callable[[np.ndarray], np.ndarray]
    backward: Callable[[np.ndarray, np.ndarray], np.ndarray]
    x: np.ndarray
    truth: Callable[[np.ndarray], np.ndarray] | None = None
    forwards: int = field(default=0, init=False)
    backwards: int = field(default=0, init=False)

    def run(self, x: np.ndarray) -> np.ndarray:
        """Return y, counted."""
        self.forwards += 1
        return np.asarray(self.forward(x))

    def pull(self, g: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return the claimed gradient, counted."""
        self.backwards += 1
        return np.asarray(self.backward(g, x))


@dataclass(frozen=True)
class Setting:
    """A member of the family with its options at one size: all that a fault needs."""

    name: str
    function: Function
    arguments: dict[str, Any]

    @property
    def primary(self) -> str:
        """The logits' name."""
        return self.function.wrt[0]

    @property
    def x(self) -> np.ndarray:
        """The logits."""
        return self.arguments[self.primary]

    def at(self, x: np.ndarray) -> Likeness:
        """Return the call at other logits, in float64: value, Jacobian, and edits of it."""
        wide = {**self._as("float64"), self.primary: x.astype(np.float64)}
        return Likeness(self.function, wide, {self.primary: self.primary})

    def forward(self, dtype: str) -> Callable[[np.ndarray], np.ndarray]:
        """Return softgrad's function of the logits alone, its other arguments in ``dtype``."""
        rest = {k: v for k, v in self._as(dtype).items() if k != self.primary}
        return lambda x: np.asarray(self.function(**{self.primary: x}, **rest))

    def backward(self, dtype: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """Return softgrad's backward pass of the logits alone."""
        rest = {k: v for k, v in self._as(dtype).items() if k != self.primary}

        def pull(g: np.ndarray, x: np.ndarray) -> np.ndarray:
            at = {self.primary: x, **rest}
            return np.asarray(softgrad.vjp(self.function, wrt=self.primary, **at)[1](g))

        return pull

    def point(self, dtype: str) -> np.ndarray:
        """Return the logits in ``dtype``."""
        return self.x.astype(DTYPES[dtype])

    def _as(self, dtype: str) -> dict[str, Any]:
        floating = {k: v for k, v in self.arguments.items() if _is_floating(v)}
        return {**self.arguments, **{k: v.astype(DTYPES[dtype]) for k, v in floating.items()}}


def _is_floating(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def settings(size: str, seed: int = 0) -> Iterator[Setting]:
    """Yield every member at one size on N(0, 1) logits: plain and, but for XL, with all options."""
    kind = _plain if size == "XL" else _plain_and_full
    for number, case in enumerate(cases(kind)):
        x = np.random.default_rng([seed, number]).normal(size=SIZES[size])
        setting = Setting(str(case), case.function, case.args(x, seed))
        if "where" in case.chosen and not np.isfinite(setting.at(x).value).all():
            # an infinite output has no derivative, and no peer steps over it
            case = replace(case, chosen={k: v for k, v in case.chosen.items() if k != "where"})
            setting = Setting(str(case), case.function, case.args(x, seed))
        yield setting


def _plain(function: Function) -> Iterator[Case]:
    yield from (Case(function, target) for target in targets(function))


def _plain_and_full(function: Function) -> Iterator[Case]:
    yield from _plain(function)
    yield [*singles(function)][-1]
