"""Results in an array of the caller's: what ``out=`` means, in every library."""

import sys
from typing import Any

import numpy as np

from softgrad._array import (
    Array,
    framework,
    is_array,
    is_jax_array,
    is_torch_array,
    readable,
)
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["OUT", "placed", "wants", "written"]

OUT = """out
    An array to write the result to and return: of its shape, dtype and library, in any layout.
    It may overlap an argument, or be one. Not for JAX, nor where torch records a derivative."""
"""The entry of ``out`` in a docstring's parameters."""

_NOT_FOR_JAX = "out cannot be given for JAX arrays: they cannot be written to"


def wants(out: Array | None) -> bool:
    """Tell whether a kernel may write to ``out``, or to new memory if it is None."""
    if out is None:
        return True
    return readable(out) and not (is_torch_array(out) and out.is_inference())


def written(out: Array) -> Array:
    """Return ``out`` after a kernel wrote to it, and tell torch so."""
    if type(out) is not np.ndarray:
        sys.modules["torch"].autograd.graph.increment_version(out)
    return out


def placed(y: Array, out: Array | None) -> Array:
    """Return ``out`` after copying the result ``y`` to it, or ``y`` where there is none."""
    if out is None:
        return y
    if type(out) is not type(y):
        _check_library(y, out)
    if tuple(out.shape) != tuple(y.shape):
        raise ArgumentError(f"out must have shape {tuple(y.shape)}; got {tuple(out.shape)}")
    if out.dtype != y.dtype:
        raise ArgumentError(f"out must have dtype {y.dtype}; got {out.dtype}")
    if hasattr(out, "copy_"):
        return _copied(y, out)
    if is_jax_array(out):
        raise ArgumentTypeError(_NOT_FOR_JAX)
    try:
        out[...] = y
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"out cannot be written to: {error}") from None
    return out


def _copied(y: Array, out: Array) -> Array:
    """Return torch's ``out`` with the values of ``y``, without a derivative, as torch does."""
    if out.device != y.device:
        raise ArgumentError(f"out must be on {y.device}; got {out.device}")
    if sys.modules["torch"].is_grad_enabled():
        for name, array in (("out", out), ("an argument", y)):
            if array.requires_grad:
                raise ArgumentError(
                    f"out cannot be given where {name} requires grad: leave it out, or call under "
                    "torch.no_grad()"
                )
    return out.copy_(y)


def _check_library(y: Array, out: Any) -> None:
    if not is_array(out):
        raise ArgumentTypeError(f"out must be an array; got {type(out).__name__}")
    if is_jax_array(y):
        raise ArgumentTypeError(_NOT_FOR_JAX)
    given, needed = framework(out), framework(y)
    if given != needed:
        raise ArgumentTypeError(f"out must be a {needed} array, as the input is; got {given}")
