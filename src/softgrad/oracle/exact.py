"""Values and derivatives of a call from the members' definitions alone, in mpmath.

Nothing of the fast path is used: values come from ``Member.definition``, derivatives from central
differences of those values at a step so small, and a precision so high, that they are exact to
the digits asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from mpmath import mp

from softgrad._array import Array
from softgrad.declare import Leaf, Node
from softgrad.function import Function

__all__ = ["Exact", "applied", "exact"]


def exact(a: Array) -> np.ndarray:
    """Return an array of mpmath numbers; booleans stay."""
    a = np.asarray(a)
    return np.asarray(a if a.dtype == bool else _MPF(a.astype(np.float64)), dtype=object)


_MPF: Any = np.frompyfunc(lambda v: mp.mpf(float(v)), 1, 1)


class Exact:
    """A function of the family at a point, evaluated by its definition.

    Parameters
    ----------
    f
        A function of softgrad.
    *args, **options
        Its arguments, NumPy arrays and plain values.
    digits
        Decimal digits of the results.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> from softgrad.oracle import Exact
    >>> at = Exact(softgrad.softmax, np.array([0.0, 0.0]))
    >>> at.value()
    array([mpf('0.5'), mpf('0.5')], dtype=object)
    """

    def __init__(self, f: Function, *args: Any, digits: int = 50, **options: Any) -> None:
        self.digits = digits
        self._call = f.trace(args, options)
        self._leaves = {k: exact(v) for k, v in self._call.inputs.items()}

    def value(self) -> np.ndarray:
        """Return the value."""
        with self._precision(1):
            return self._at({})

    def jvp(self, tangents: Mapping[str, Array]) -> np.ndarray:
        """Return the value's tangent for tangents of the inputs."""
        with self._precision(3):
            step = mp.mpf(10) ** -self.digits
            ahead, behind = (self._at(_scaled(tangents, s * step)) for s in (1, -1))
            return _difference(ahead, behind) / (2 * step)

    def vjp(self, cotangent: Array, name: str) -> np.ndarray:
        """Return the gradient of ⟨cotangent, value⟩ by one input."""
        g = exact(cotangent)
        return self._each(name, lambda unit: np.sum(g * self.jvp({name: unit})))

    def hvp(self, tangents: Mapping[str, Array], cotangent: Array, name: str) -> np.ndarray:
        """Return how :meth:`vjp` moves when the inputs move along ``tangents``."""
        g = exact(cotangent)

        def mixed(unit: np.ndarray) -> Any:
            with self._precision(5):
                step = mp.mpf(10) ** -self.digits

                def slope(s: int) -> np.ndarray:
                    moves = _scaled(tangents, s * step)
                    start = moves.get(name, 0)
                    ahead, behind = (
                        self._at({**moves, name: start + r * step * unit}) for r in (1, -1)
                    )
                    return _difference(ahead, behind)

                return np.sum(g * (slope(1) - slope(-1))) / (4 * step**2)

        return self._each(name, mixed)

    def _each(self, name: str, derivative: Callable[[np.ndarray], Any]) -> np.ndarray:
        shape = self._leaves[name].shape
        result = np.empty(shape, dtype=object)
        for index in np.ndindex(shape):
            unit = np.zeros(shape)
            unit[index] = 1.0
            result[index] = derivative(unit)
        return result

    def _at(self, moves: Mapping[str, Any]) -> np.ndarray:
        return np.asarray(self._evaluate(self._call.root, moves, {}), dtype=object)

    def _evaluate(self, node: Node | Leaf, moves: Mapping[str, Any], seen: dict) -> np.ndarray:
        if isinstance(node, Leaf):
            start = self._leaves.get(node.name)
            start = exact(node.array) if start is None else start
            return start + moves[node.name] if node.name in moves else start
        if node not in seen:
            inputs = {k: self._evaluate(c, moves, seen) for k, c in node.inputs.items()}
            arrays = {k: exact(v) for k, v in node.arrays.items()}
            seen[node] = applied(node, {**inputs, **arrays})
        return seen[node]

    @contextmanager
    def _precision(self, times: int) -> Iterator[None]:
        # a definition such as log(1 + e^x) must still see the smallest e^x a double can hold
        with mp.workdps(times * self.digits + 330):
            yield


def applied(node: Node, given: Mapping[str, np.ndarray]) -> np.ndarray:
    """Apply a member's definition to whole arrays: entry by entry, or row by row."""
    member, axis = node.member, node.axis
    names = [name for name in member.operands if name in given]
    arrays = np.broadcast_arrays(*(given[name] for name in names))
    absent = {name: None for name in member.operands if name not in given}
    if not member.along_axis:
        result = np.empty(arrays[0].shape, dtype=object)
        for index in np.ndindex(result.shape):
            operands = {name: a[index] for name, a in zip(names, arrays, strict=True)}
            result[index] = member.definition(mp, **operands, **absent, **node.constants)
        return result
    assert axis is not None
    if axis.dim is None:
        operands = {name: list(a.ravel()) for name, a in zip(names, arrays, strict=True)}
        return np.asarray(member.definition(mp, **operands, **absent, **node.constants), object)
    rows = [np.moveaxis(a, axis.dim, -1) for a in arrays]
    batch = rows[0].shape[:-1]
    found = np.empty(batch, dtype=object)
    for index in np.ndindex(batch):
        operands = {name: list(a[index]) for name, a in zip(names, rows, strict=True)}
        found[index] = member.definition(mp, **operands, **absent, **node.constants)
    if isinstance(next(iter(found.flat), None), list):
        full = np.array([row for row in found.flat], dtype=object).reshape(rows[0].shape)
        return np.moveaxis(full, -1, axis.dim)
    return np.expand_dims(found, axis.dim) if axis.keepdims else found


def _scaled(tangents: Mapping[str, Array], step: Any) -> dict[str, np.ndarray]:
    return {k: exact(t) * step for k, t in tangents.items()}


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a − b, 0 where both are the same infinity."""
    return np.frompyfunc(lambda u, v: mp.mpf(0) if u == v else u - v, 2, 1)(a, b)
