"""The arrays a checked function is called with."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from softgrad.errors import ArgumentError, MissingExtra

__all__ = ["Framework", "convert", "from_file", "random"]

Framework: TypeAlias = Literal["numpy", "torch", "jax"]

SHAPE = "4,10"


def random(f: Callable[..., Any], shape: str | None, seed: int) -> dict[str, np.ndarray]:
    """Return standard normal numbers for the one argument that ``f`` needs."""
    needed = _needed(f)
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


def convert(
    arrays: dict[str, np.ndarray], framework: Framework, dtype: str | None
) -> dict[str, Any]:
    """Return the arrays in a framework's own type, the floating ones in ``dtype``."""
    move = {"numpy": _to_numpy, "torch": _to_torch, "jax": _to_jax}[framework]
    return {
        name: move(array, dtype if array.dtype.kind == "f" else None)
        for name, array in arrays.items()
    }


def _needed(f: Callable[..., Any]) -> list[str]:
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


def _to_numpy(array: np.ndarray, dtype: str | None) -> np.ndarray:
    if dtype == "bfloat16":
        raise ArgumentError("NumPy has no bfloat16 of its own; use --framework torch or jax")
    return array.astype(dtype or array.dtype)


def _to_torch(array: np.ndarray, dtype: str | None) -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtra("--framework torch", "PyTorch", "torch") from None
    return torch.tensor(array, dtype=getattr(torch, dtype) if dtype else None)


def _to_jax(array: np.ndarray, dtype: str | None) -> Any:
    try:
        import jax
    except ModuleNotFoundError:
        raise MissingExtra("--framework jax", "JAX", "jax") from None
    if "float64" in (dtype, array.dtype.name):
        # Else JAX makes it float32, and the check would speak of another function.
        jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray(array, dtype=dtype)
