"""The arrays a checked function is called with."""

import ast
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame
from softgrad.errors import ArgumentError

__all__ = ["choices", "convert", "from_file", "random", "required"]

SHAPE = "4,10"


def random(f: Callable[..., Any], shape: str | None, seed: int) -> dict[str, np.ndarray]:
    """Return standard normal numbers for the one argument that ``f`` needs."""
    needed = required(f)
    if len(needed) != 1:
        raise ArgumentError(
            f"the function needs {', '.join(needed) or 'no arguments'}; a random input is made for "
            "one argument only: give all of them by name in an .npz file with --inputs"
        )
    size = _shape(shape or SHAPE)
    return {needed[0]: np.random.default_rng(seed).normal(size=size)}


def from_file(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name."""
    if not path.is_file():
        raise ArgumentError(f"there is no file {path}")
    try:
        with np.load(path, allow_pickle=False) as file:
            if isinstance(file, np.lib.npyio.NpzFile):
                return {name: file[name] for name in file.files}
    except (ValueError, OSError) as error:
        raise ArgumentError(f"{path} cannot be read as .npz: {error}") from None
    raise ArgumentError(f"{path} must be an .npz file, which names its arrays (numpy.savez)")


def convert(arrays: dict[str, np.ndarray], frame: Frame, dtype: str | None) -> dict[str, Any]:
    """Return the arrays in a library's own type, the floating ones in ``dtype``."""
    names = {n: dtype if dtype and a.dtype.kind == "f" else a.dtype.name for n, a in arrays.items()}
    if frame.name == "jax" and "float64" in names.values():
        import jax

        # Else JAX makes it float32, and the check would speak of another function.
        jax.config.update("jax_enable_x64", True)
    try:
        return {name: frame.make(array, names[name]) for name, array in arrays.items()}
    except ModuleNotFoundError as missing:
        raise ArgumentError(
            f"{dtype} in NumPy needs {missing.name}, which is not installed: pip install "
            f"{missing.name}, or use --framework torch or jax"
        ) from None


def choices(given: Sequence[str]) -> dict[str, list[Any]]:
    """Return what ``name=1,2`` says: values that are numbers, tuples or None, else strings."""
    found = {}
    for text in given:
        name, equals, values = text.partition("=")
        if not (name.isidentifier() and equals and values):
            raise ArgumentError(f"vary must look like axis=0,1 or reduction=mean,sum; got {text!r}")
        try:
            found[name] = list(ast.literal_eval(f"[{values}]"))
        except (ValueError, SyntaxError):
            found[name] = [_literal(each.strip()) for each in values.split(",")]
    return found


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def required(f: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that ``f`` cannot do without."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return ["x"]
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        p.name
        for p in parameters
        if p.default is p.empty and (p.kind in named or p.kind is p.KEYWORD_ONLY)
    ]


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise ArgumentError(f"shape must be whole numbers such as 4,10; got {text!r}")
    return shape
