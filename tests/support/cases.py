"""Cases drawn from the declarations: every function crossed with every option it takes.

An option's test values stand here once, by the option's name; which function takes it is read
from the function's own signature.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

import softgrad
from softgrad.function import Function

__all__ = ["FUNCTIONS", "OPTIONS", "Case", "cases", "combinations", "make", "singles"]

FUNCTIONS = dict(softgrad.functions())
"""Every function of the family, by name."""

Maker = Callable[[np.random.Generator, tuple[int, ...]], Any]


def _classes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape[-1])


def _mask(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    keep = rng.uniform(size=shape) < 0.7
    if shape:
        keep[..., 0] = True
    return keep


def _probabilities(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.05, 1.0, shape)


def _indices(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, shape[-1], shape[:-1])


def _per_row(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.5, 1.5, (*shape[:-1], 1) if shape else ())


OPTIONS: dict[str, dict[str, Maker | Any]] = {
    "alpha": {"1": 1.0, "1.25": 1.25, "1.5": 1.5, "2": 2.0, "3": 3.0},
    "temperature": {"number": 0.75, "array": _per_row},
    "softcap": {"3": 3.0},
    "bias": {"array": lambda rng, shape: rng.normal(size=shape)},
    "where": {"mask": _mask},
    "weight": {"array": _classes},
    "pos_weight": {"array": _classes},
    "label_smoothing": {"0.1": 0.125},
    "ignore_index": {"0": 0},
    "z_loss": {"0.01": 0.03125},
    "keepdims": {"yes": True},
    "reduction": {"none": "none", "sum": "sum", "mean": "mean"},
}
"""Values other than the default, by parameter and a short label; callables draw an array."""

STRUCTURAL = ("axis", "keepdims", "reduction", "ignore_index")
"""Options that say where and how to reduce; what they do to numbers is tested by themselves."""


@dataclass(frozen=True, eq=False)
class Case:
    """A function with options: everything but its logits.

    Parameters
    ----------
    function
        The function.
    target
        ``index``, ``soft`` or None where the function takes no target.
    chosen
        The label of the value of each option that is not at its default.
    """

    function: Function
    target: str | None = None
    chosen: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        options = [f"{k}={v}" for k, v in self.chosen.items()]
        return "-".join([self.function.name, *filter(None, [self.target]), *options])

    @property
    def primary(self) -> str:
        """The name of the logits."""
        return self.function.wrt[0]

    @property
    def by_row(self) -> bool:
        """Whether the function acts along an axis."""
        return "axis" in self.function.parameters

    def args(self, x: np.ndarray, seed: int = 0) -> dict[str, Any]:
        """Return every argument by name, float arrays in numbers that float32 holds."""
        rng = np.random.default_rng(seed)
        given: dict[str, Any] = {self.primary: x}
        if self.target is not None:
            drawn = (_indices if self.target == "index" else _probabilities)(rng, x.shape)
            given["target"] = _float32(drawn)
        for name, label in self.chosen.items():
            value = OPTIONS[name][label]
            given[name] = _float32(value(rng, x.shape)) if callable(value) else value
        if self.by_row and self.target is not None and "where" in given:
            _possible(given)
        return given

    def wrt(self, args: dict[str, Any]) -> tuple[str, ...]:
        """Return the differentiable inputs among the arguments."""
        arrays = [k for k in self.function.wrt if isinstance(args.get(k), np.ndarray)]
        return tuple(k for k in arrays if args[k].dtype.kind == "f")

    def with_(self, **chosen: str) -> "Case":
        """Return the case with further options."""
        return replace(self, chosen={**self.chosen, **chosen})


def _float32(a: np.ndarray) -> np.ndarray:
    return a.astype(np.float32).astype(np.float64) if a.dtype.kind == "f" else a


def _possible(given: dict[str, Any]) -> None:
    # a target on a class that the mask removes costs ∞: a convention, tested there
    if given["target"].dtype.kind == "f":
        given["target"] = given["target"] * given["where"]
    else:
        np.put_along_axis(given["where"], given["target"][..., None], True, axis=-1)


def targets(function: Function) -> tuple[str | None, ...]:
    """Return the kinds of target a function takes."""
    if "target" not in function.parameters:
        return (None,)
    return ("index", "soft") if "axis" in function.parameters else ("soft",)


def bare(function: Function) -> Iterator[Case]:
    """Yield the function with no option, for each kind of target, rows not reduced."""
    keep = {"reduction": "none"} if "reduction" in function.parameters else {}
    for target in targets(function):
        yield Case(function, target, keep)


def singles(function: Function) -> Iterator[Case]:
    """Yield the function with one numerical option at a time, and with all of them at once."""
    names = [n for n in function.parameters if n in OPTIONS and n not in STRUCTURAL]
    for case in bare(function):
        for name in names:
            for label in OPTIONS[name]:
                yield case.with_(**{name: label})
        yield case.with_(**{n: list(OPTIONS[n])[-1] for n in names if n != "alpha"})


def combinations(function: Function, *, skip: tuple[str, ...] = ()) -> Iterator[Case]:
    """Yield every combination of every value of every option, for each kind of target."""
    names = [n for n in function.parameters if n in OPTIONS and n not in skip]
    for target in targets(function):
        usable = [n for n in names if not (n == "ignore_index" and target != "index")]
        labels = [_labels(function, name) for name in usable]
        for drawn in product(*labels):
            chosen = {n: v for n, v in zip(usable, drawn, strict=True) if v is not None}
            yield Case(function, target, chosen)


def _labels(function: Function, name: str) -> list[str | None]:
    default = function.parameters[name].default
    among = any(value == default for value in OPTIONS[name].values() if not callable(value))
    return [*OPTIONS[name]] if among else [None, *OPTIONS[name]]


def cases(kind: Callable[[Function], Iterator[Case]], *names: str) -> list[Case]:
    """Return the cases of one kind for every function, or for the named ones."""
    return [case for name, f in FUNCTIONS.items() if not names or name in names for case in kind(f)]


def make(library: Any, args: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Return the arguments with arrays of a library."""
    return {k: library.array(v, dtype) if isinstance(v, np.ndarray) else v for k, v in args.items()}
