"""Arrays that a factor may be made of, laid out on some axes of output and input."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from softgrad.check.naming.instance import Pair
from softgrad.check.subject.subject import Subject

__all__ = ["laid_as", "on_axes"]

_MOST = 40

Shape = tuple[int, ...]


def on_axes(subject: Subject, p: Pair, shape: Shape) -> dict[str, tuple[str, np.ndarray]]:
    """Return by label the input a quantity is made from and its values on the given axes.

    What comes first is nearest: the arrays themselves, then their neighbours along an axis, then
    sums and norms of larger arrays.
    """
    found: dict[str, tuple[str, np.ndarray]] = {}
    with np.errstate(all="ignore"):
        for ask in (_laid, _picked, _shifted, _reduced):
            for name, array in _arrays(subject, p):
                for label, values in ask(subject, name, array, shape):
                    known = any(np.array_equal(values, v) for _, v in found.values())
                    if np.isfinite(values).all() and np.ptp(values) > 0 and not known:
                        found.setdefault(label, (name, values))
                    if len(found) >= _MOST:
                        return found
    return found


def laid_as(subject: Subject, p: Pair) -> dict[str, np.ndarray]:
    """Return the other inputs, laid out as the input is in each way that there is."""
    found: dict[str, np.ndarray] = {}
    for name, array in _arrays(subject, p):
        if name != p.name and name in subject.inputs:
            ways = [values for _, values in _laid(subject, name, array, p.x.shape)]
            labels = [name] if len(ways) == 1 else [f"{name}[way {k}]" for k in range(len(ways))]
            found |= dict(zip(labels, ways, strict=True))
    return found


def _arrays(subject: Subject, p: Pair) -> Iterator[tuple[str, np.ndarray]]:
    yield p.name, p.x
    if p.y is not None and "y" not in subject.inputs:
        yield "y", p.y
    for name, value in subject.inputs.items():
        if name != p.name and subject.frame.is_array(value):
            array = subject.frame.to_numpy(value)
            if array.dtype.kind in "fiub":
                yield name, array.astype(float)


def _laid(_: Subject, name: str, array: np.ndarray, shape: Shape) -> Iterator:
    """Yield the array itself, if its axes are some of the given ones in order."""
    if array.size < 2:
        return
    kept = [n for n in array.shape if n > 1]
    for axes in combinations(range(len(shape)), len(kept)):
        if [shape[a] for a in axes] == kept:
            laid = array.reshape([shape[a] if a in axes else 1 for a in range(len(shape))])
            yield name, np.broadcast_to(laid, shape)


def _picked(subject: Subject, name: str, array: np.ndarray, shape: Shape) -> Iterator:
    """Yield the entries of an array of one axis that an integer input picks."""
    if array.ndim != 1:
        return
    for other, value in subject.inputs.items():
        if not subject.frame.is_array(value):
            continue
        index = subject.frame.to_numpy(value)
        if index.dtype.kind not in "iu" or index.shape != shape or not index.size:
            continue
        if index.min() >= 0 and index.max() < array.size:
            yield f"{name}[{other}]", array[index]


def _shifted(_: Subject, name: str, array: np.ndarray, shape: Shape) -> Iterator:
    """Yield the array's neighbour along an axis, 0 outside it."""
    if array.shape != shape:
        return
    for axis in range(array.ndim):
        zero = np.zeros_like(np.take(array, [0], axis))
        before = np.take(array, range(array.shape[axis] - 1), axis)
        after = np.take(array, range(1, array.shape[axis]), axis)
        yield f"{name} one earlier along axis {axis}", np.concatenate([zero, before], axis)
        yield f"{name} one later along axis {axis}", np.concatenate([after, zero], axis)


def _reduced(_: Subject, name: str, array: np.ndarray, shape: Shape) -> Iterator:
    """Yield sums and norms of an array that has the given axes in order, and more."""
    if not 0 < len(shape) < array.ndim:
        return
    for axes in combinations(range(array.ndim), len(shape)):
        if tuple(array.shape[a] for a in axes) != shape:
            continue
        rest = tuple(a for a in range(array.ndim) if a not in axes)
        over = f"along {'axis' if len(rest) == 1 else 'axes'} {', '.join(map(str, rest))}"
        yield f"(sum of {name} {over})", array.sum(rest)
        yield f"(norm of {name} {over})", np.sqrt((array**2).sum(rest))
        yield f"(standard deviation of {name} {over})", array.std(rest)
        yield f"(sum of exp({name}) {over})", np.exp(np.minimum(array, 80.0)).sum(rest)
