"""Unit roundoff and smallest numbers of the floating dtypes, by name."""

import numpy as np

__all__ = ["SAFETY", "digits", "epsilon", "largest", "rounded", "smallest"]

SAFETY = 8.0
"""How many times its measured error bar a difference must exceed to be one."""

_PARTS = {"complex64": "float32", "complex128": "float64"}

_BITS = {  # digits after the point, exponent of the smallest subnormal, of the largest number
    "float64": (52, -1074, 1024),
    "float32": (23, -149, 128),
    "float16": (10, -24, 16),
    "bfloat16": (7, -133, 128),
}
_COARSE = (2, -9, 9)
_GLANCE = 64


def _floating(dtype: str) -> str | None:
    """Return the dtype of which numbers are made: a complex one's parts; ``None`` for integers."""
    part = _PARTS.get(dtype, dtype)
    return part if part.startswith(("float", "bfloat")) else None


def epsilon(dtype: str) -> float:
    """Return the distance from 1 to the next number of the dtype; float64's for integers."""
    part = _floating(dtype)
    return 2.0 ** -_BITS.get(part, _COARSE)[0] if part else 2.0**-52


def smallest(dtype: str) -> float:
    """Return the smallest positive number of the dtype, 0 for integers."""
    part = _floating(dtype)
    return 2.0 ** max(_BITS.get(part, _COARSE)[1], -1022) if part else 0.0


def largest(dtype: str) -> float:
    """Return the magnitude above which the dtype overflows."""
    part = _floating(dtype)
    return 2.0 ** (_BITS.get(part, _COARSE)[2] - 1) if part else 2.0**63


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return ``values`` rounded to the dtype's precision; ranges are not looked at."""
    if _floating(dtype) in ("float64", None):
        return values
    mantissa, exponent = np.frexp(values)
    scale = 2.0 / epsilon(dtype)
    return np.ldexp(np.round(mantissa * scale) / scale, exponent)


def digits(values: np.ndarray) -> float:
    """Return the unit roundoff of the coarsest dtype that holds every value exactly."""
    for dtype in ("bfloat16", "float16", "float32"):
        if _holds(dtype, values[:_GLANCE]) and _holds(dtype, values):
            return epsilon(dtype) if np.any(np.isfinite(values) & (values != 0)) else 2.0**-52
    return epsilon("float64")


def _holds(dtype: str, values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return bool(np.array_equal(rounded(finite, dtype), finite))
