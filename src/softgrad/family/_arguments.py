"""Checks of arguments that are numbers or must fit the logits."""

from numbers import Real
from typing import Any

from softgrad._array import (
    Array,
    constant_like,
    dtype_name,
    is_array,
    is_floating,
    namespace,
    peek,
)
from softgrad.declare import Leaf
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["as_leaf", "check_fits", "coefficients", "nonnegative", "number", "positive"]


def number(name: str, value: Any) -> float:
    """Return ``value`` as a float if it is a real number, NumPy's and torch.compile's included."""
    symbolic = type(value).__name__ in ("SymFloat", "SymInt")
    if isinstance(value, bool) or not (isinstance(value, Real) or symbolic):
        raise ArgumentTypeError(f"{name} must be one number; got {type(value).__name__}")
    return float(value)


def positive(name: str, value: Any, x: Array) -> float:
    """Return ``value`` as a float if it is positive and a normal number in the dtype of ``x``."""
    value = number(name, value)
    info = namespace(x).finfo(x.dtype)
    if not float(info.smallest_normal) <= value <= float(info.max):
        raise ArgumentError(f"{name} must be positive, finite and fit {dtype_name(x)}; got {value}")
    return value


def nonnegative(name: str, value: Any) -> float:
    """Return ``value`` as a float if it is finite and not negative."""
    value = number(name, value)
    if not 0 <= value < float("inf"):
        raise ArgumentError(f"{name} must be non-negative and finite; got {value}")
    return value


def as_leaf(name: str, value: Leaf | Array | float, x: Leaf) -> Leaf:
    """Return an input of the call that broadcasts to the logits; integers become floating."""
    if not isinstance(value, Leaf):
        if is_array(value):
            if "int" not in dtype_name(value):
                raise ArgumentTypeError(f"{name} must be floating; got {dtype_name(value)}")
            value = namespace(x.array).astype(value, x.array.dtype)
        else:
            value = constant_like(number(name, value), x.array)
        value = Leaf(name, value)
    check_fits(name, value.array, x)
    return value


def coefficients(name: str, value: Any, x: Array) -> Array:
    """Return non-negative coefficients in the dtype and on the device of ``x``."""
    if not is_array(value):
        return constant_like(nonnegative(name, value), x)
    if not is_floating(value) and "int" not in dtype_name(value):
        raise ArgumentTypeError(f"{name} must be an array of numbers; got {dtype_name(value)}")
    _check_nonnegative(name, value)
    return namespace(x).astype(value, x.dtype, copy=False)


def _check_nonnegative(name: str, weight: Array) -> None:
    """Raise if an entry can be seen to be negative."""
    seen = peek(weight)
    if seen is not None and (seen < 0).any():
        raise ArgumentError(f"{name} must be non-negative; got {seen.min()}")


def check_fits(name: str, array: Array, x: Leaf) -> None:
    """Raise unless ``array`` broadcasts to the logits."""
    shape, full = tuple(array.shape), tuple(x.array.shape)
    padded = (1,) * (len(full) - len(shape)) + shape
    if len(padded) > len(full) or any(a not in (1, b) for a, b in zip(padded, full, strict=True)):
        raise ArgumentError(f"{name} of shape {shape} does not broadcast to {x.name}, {full}")
