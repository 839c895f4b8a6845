"""Right derivatives drawn at random: member × options × precision × shape × layout × library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

import softgrad
from measuring.problems import FUNCTIONS, OPTIONS, Case, targets
from softgrad.check import Report
from softgrad.check.frameworks.numpy import in_layout
from softgrad.function import Function

__all__ = ["Draw", "draw"]

FLOATS = {
    "float64": np.dtype("f8"),
    "float32": np.dtype("f4"),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float16": np.dtype("f2"),
}
LIBRARIES = {"numpy": 0.63, "torch": 0.36, "jax": 0.01}
"""Shares of the draws; JAX compiles anew for every shape."""
LAYOUTS = ("c", "fortran", "strided", "offset", "transposed")
SPREADS = (0.01, 0.1, 1.0, 1.0, 3.0, 10.0, 30.0)
JAX_SHAPES = ((5,), (3, 4), (2, 3, 4))
MOST = 400


@dataclass(frozen=True)
class Draw:
    """One right derivative.

    Parameters
    ----------
    label
        What it is.
    f
        The function, called with ``inputs`` by name.
    inputs
        Arrays of the library, and options.
    wrt
        The differentiable inputs.
    vjp
        The claim; ``None`` where the library's own differentiation is checked.
    seed
        The checker's seed.
    """

    label: str
    f: Callable
    inputs: Mapping[str, Any]
    wrt: tuple[str, ...]
    vjp: Callable | None
    seed: int

    def check(self, **options: Any) -> Report:
        """Return softgrad's report."""
        with np.errstate(all="ignore"):
            return softgrad.check(
                self.f, dict(self.inputs), wrt=self.wrt, vjp=self.vjp, seed=self.seed, **options
            )


def draw(number: int, seed: int) -> Draw:
    """Return the draw of a number; the same for the same seed."""
    rng = np.random.default_rng([seed, number])
    library = str(rng.choice([*LIBRARIES], p=[*LIBRARIES.values()]))
    dtype = str(rng.choice([*FLOATS]))
    case = _case(rng)
    shape = JAX_SHAPES[rng.integers(len(JAX_SHAPES))] if library == "jax" else _shape(rng)
    spread, layout = float(rng.choice(SPREADS)), str(rng.choice(LAYOUTS))
    x = rng.normal(size=shape) * spread
    if case.by_row and len(shape) > 1 and case.target is None and rng.random() < 0.3:
        axis = int(rng.integers(-len(shape), 0))
    else:
        axis = -1
    args = case.args(x, int(rng.integers(1 << 30)))
    if case.by_row and axis != -1:
        args["axis"] = axis
    wrt = case.wrt(args)
    if len(wrt) > 1 and rng.random() < 0.5:
        wrt = wrt[:1]
    made = {k: _array(v, library, dtype, layout) for k, v in args.items()}
    told = f"{case} {library} {dtype} {shape} {layout} spread {spread:g} axis {axis}"
    vjp = _vjp(case.function, wrt) if library == "numpy" else None
    return Draw(f"{told} wrt {', '.join(wrt)}", case.function, made, wrt, vjp, number)


def _case(rng: np.random.Generator) -> Case:
    names = [*FUNCTIONS]
    function: Function = FUNCTIONS[names[rng.integers(len(names))]]
    kinds = targets(function)
    target = kinds[rng.integers(len(kinds))]
    usable = [n for n in function.parameters if n in OPTIONS]
    usable = [n for n in usable if not (n == "ignore_index" and target != "index")]
    chosen = {}
    for name in usable:
        if rng.random() < 0.35:
            labels = [*OPTIONS[name]]
            chosen[name] = labels[rng.integers(len(labels))]
    return Case(function, target, chosen)


def _shape(rng: np.random.Generator) -> tuple[int, ...]:
    if rng.random() < 0.1:
        return (int(rng.integers(1, 4)), int(rng.integers(50, MOST)))
    return tuple(int(n) for n in rng.integers(1, 8, size=rng.integers(1, 4)))


def _array(value: Any, library: str, dtype: str, layout: str) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    array = value.astype(FLOATS[dtype]) if value.dtype.kind == "f" else value
    if library == "jax":
        import jax

        return jax.numpy.asarray(array)
    if library == "torch":
        from measuring.peers import to_torch

        tensor = to_torch(array)
        return (
            tensor.T.contiguous().T
            if layout in ("fortran", "transposed") and (tensor.ndim == 2)
            else tensor
        )
    if layout == "transposed":
        return np.array(array.T, order="C").T  # ascontiguousarray makes rows of single numbers
    return array if layout == "c" else in_layout(array, layout)


def _vjp(function: Function, wrt: tuple[str, ...]) -> Callable:
    def backward(g: np.ndarray, **inputs: Any) -> Any:
        return softgrad.vjp(function, wrt=wrt, **inputs)[1](g)

    return backward
