"""Unit roundoff and smallest numbers of the floating dtypes, by name."""

import numpy as np

__all__ = ["digits", "epsilon", "largest", "rounded", "smallest"]

_BITS = {  # digits after the point, exponent of the smallest subnormal, of the largest number
    "float64": (52, -1074, 1024),
    "float32": (23, -149, 128),
    "float16": (10, -24, 16),
    "bfloat16": (7, -133, 128),
}
_COARSE = (2, -9, 9)


def epsilon(dtype: str) -> float:
    """Return the distance from 1 to the next number of the dtype; float64's for integers."""
    if not dtype.startswith(("float", "bfloat")):
        return 2.0**-52
    return 2.0 ** -_BITS.get(dtype, _COARSE)[0]


def smallest(dtype: str) -> float:
    """Return the smallest positive number of the dtype, 0 for integers."""
    if not dtype.startswith(("float", "bfloat")):
        return 0.0
    return 2.0 ** max(_BITS.get(dtype, _COARSE)[1], -1022)


def largest(dtype: str) -> float:
    """Return the magnitude above which the dtype overflows."""
    return (
        2.0 ** (_BITS.get(dtype, _COARSE)[2] - 1) if dtype.startswith(("float", "bf")) else 2.0**63
    )


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return ``values`` rounded to the dtype's precision; ranges are not looked at."""
    if dtype == "float64" or not dtype.startswith(("float", "bfloat")):
        return values
    mantissa, exponent = np.frexp(values)
    scale = 2.0 / epsilon(dtype)
    return np.ldexp(np.round(mantissa * scale) / scale, exponent)


def digits(values: np.ndarray) -> float:
    """Return the unit roundoff of the coarsest dtype that holds every value exactly."""
    finite = values[np.isfinite(values) & (values != 0)]
    for dtype in ("bfloat16", "float16", "float32"):
        if finite.size and np.array_equal(rounded(finite, dtype), finite):
            return epsilon(dtype)
    return epsilon("float64")
