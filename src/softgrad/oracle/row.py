"""The exact value, Jacobian and second derivatives of a row by all its inputs, in mpmath."""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from mpmath import mp

from softgrad.oracle.exact import Exact
from softgrad.oracle.terms import Terms, terms

__all__ = ["Row", "exact_row", "floats", "rows_of"]


@dataclass(frozen=True)
class Row:
    """Exact results at one row, over all its differentiable inputs laid end to end.

    Parameters
    ----------
    value
        The value, flat: (m,).
    J, H
        First derivatives (m, N) and second derivatives (m, N, N).
    terms
        What the derivatives' terms add up to in absolute value.
    """

    value: np.ndarray
    J: np.ndarray
    H: np.ndarray
    terms: Terms


class _Dense(Exact):
    """The oracle's central differences, for all inputs and all outputs at once."""

    def row(self, names: tuple[str, ...]) -> Row:
        """Return everything about the row by the inputs named."""
        shapes = [self._leaves[k].shape for k in names]
        units = [
            (name, np.eye(int(np.prod(shape)), dtype=int)[i].reshape(shape))
            for name, shape in zip(names, shapes, strict=True)
            for i in range(int(np.prod(shape)))
        ]
        value = self.value().ravel()
        J = np.empty((value.size, len(units)), dtype=object)
        for i, (name, unit) in enumerate(units):
            J[:, i] = _finite(np.ravel(self.jvp({name: unit})))
        H = np.empty((value.size, len(units), len(units)), dtype=object)
        for i, j in combinations_with_replacement(range(len(units)), 2):
            H[:, i, j] = H[:, j, i] = _finite(self._mixed(units[i], units[j]))
        return Row(value, J, H, terms(self, names))

    def _mixed(self, a: tuple[str, np.ndarray], b: tuple[str, np.ndarray]) -> np.ndarray:
        with self._precision(5):
            step = mp.mpf(10) ** -self.digits
            total: Any = 0
            for s in (1, -1):
                for r in (1, -1):
                    moves = {a[0]: s * step * a[1]}
                    moves[b[0]] = moves.get(b[0], 0) + r * step * b[1]
                    total = total + s * r * _or_nan(self._at(moves))
            return np.ravel(total / (4 * step**2))


# A masked class has log-probability −∞ and its target no influence: by convention no derivative.
_finite = np.frompyfunc(lambda v: v if mp.isfinite(v) else mp.mpf(0), 1, 1)
_or_nan = np.frompyfunc(lambda v: v if mp.isfinite(v) else mp.nan, 1, 1)


def rows_of(args: dict[str, Any], x: str) -> list[dict[str, Any]]:
    """Return the arguments of each row of a batch; arrays with one row per row are sliced."""
    count = args[x].shape[0]
    return [
        {
            k: v[i : i + 1] if isinstance(v, np.ndarray) and v.shape[:1] == (count,) else v
            for k, v in args.items()
        }
        for i in range(count)
    ]


def exact_row(f: Any, args: dict[str, Any], wrt: tuple[str, ...]) -> Row:
    """Return the exact results of ``f`` at one row."""
    return _Dense(f, **args).row(wrt)


def floats(a: Any) -> np.ndarray:
    """Return mpmath numbers as float64."""
    return np.vectorize(float, otypes=[np.float64])(a)
