"""What kind of numbers an array holds, so that every other example holds the same kind."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Domain", "domain_of"]

_NEAR = 1e-2  # bfloat16 probabilities add up to 1 no better than this


@dataclass(frozen=True)
class Domain:
    """A kind of numbers.

    Parameters
    ----------
    name
        ``real``, ``positive``, ``nonnegative``, ``negative``, ``unit`` (inside 0 … 1), ``bits``
        (0 and 1), ``probabilities`` or ``log-probabilities`` (along some axis).
    keep
        Brings an array that was edited back into the domain.
    """

    name: str
    keep: Callable[[np.ndarray], np.ndarray]

    def another(self, array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return other numbers of the same kind and size; −inf and NaN stay where they are."""
        if not array.any():
            drawn = 0.3 * rng.standard_normal(array.shape)
        else:
            drawn = array * (0.6 + 0.4 * rng.random(array.shape))
        return np.where(np.isfinite(array), self.keep(drawn), array)


def domain_of(array: np.ndarray) -> Domain:
    """Return the narrowest domain that holds the finite entries of ``array``."""
    finite = array[np.isfinite(array)]
    if not finite.size or not finite.any():
        return Domain("real", _as_is)
    for axis in range(array.ndim - 1, -1, -1):
        if array.shape[axis] > 1 and (found := _normalised(array, axis)):
            return found
    low, high = finite.min(), finite.max()
    if np.isin(finite, (0.0, 1.0)).all() and low < high:
        return Domain("bits", _as_is)
    if low > 0 and high < 1:
        return Domain("unit", lambda a: np.clip(a, low / 2, (1 + high) / 2))
    if low > 0:
        return Domain("positive", lambda a: np.maximum(a, low / 4))
    if low >= 0:
        return Domain("nonnegative", lambda a: np.maximum(a, 0.0))
    if high < 0:
        return Domain("negative", lambda a: np.minimum(a, high / 4))
    return Domain("real", _as_is)


def _as_is(array: np.ndarray) -> np.ndarray:
    return array


def _normalised(array: np.ndarray, axis: int) -> Domain | None:
    if (array >= 0).all() and np.allclose(array.sum(axis), 1, atol=_NEAR):
        return Domain("probabilities", lambda a: _shares(a, axis))
    if (array <= 0).all() and np.allclose(np.exp(array).sum(axis), 1, atol=_NEAR):
        return Domain("log-probabilities", lambda a: _log_shares(a, axis))
    return None


def _shares(array: np.ndarray, axis: int) -> np.ndarray:
    kept = np.maximum(array, 0.0)
    return kept / kept.sum(axis, keepdims=True)


def _log_shares(array: np.ndarray, axis: int) -> np.ndarray:
    shifted = array - array.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
