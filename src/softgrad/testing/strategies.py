"""Hypothesis strategies for what classifiers' functions take, their edges included.

Each array is built row by row along the last axis: an ordinary row, or one at an edge, where wrong
derivatives show. What shrinks, shrinks to ordinary rows of zeros.

>>> from hypothesis import given
>>> from softgrad.testing import strategies
>>> @given(strategies.logits((3, 4)))
... def test_softmax(x):
...     assert abs(softmax(x).sum(-1) - 1).max() < 1e-12
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from softgrad.errors import ArgumentError, MissingExtra

try:
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise MissingExtra("softgrad.testing.strategies", "hypothesis", "testing") from None

__all__ = ["logits", "probabilities", "targets", "upstreams"]

Shape = tuple[int, ...]
Rows = st.SearchStrategy[Any]

_ORDINARY = 4.0
"""The largest ordinary logit or upstream entry."""


def logits(
    shape: Shape | st.SearchStrategy[Shape] = (3, 4),
    dtype: Any = "float64",
    *,
    masked: bool = True,
    ties: bool = True,
    saturated: bool = True,
    offsets: bool = True,
) -> st.SearchStrategy[np.ndarray]:
    """Draw arrays of logits.

    Parameters
    ----------
    shape
        A shape with at least one axis, or a strategy of shapes.
    dtype
        A NumPy floating dtype.
    masked
        Whether rows may have −inf in them; one entry at least stays finite.
    ties
        Whether rows may have equal maxima, or equal entries throughout.
    saturated
        Whether one logit may be so far above the others that its probability rounds to 1.
    offsets
        Whether a row may be shifted so far that exp of it overflows.

    Raises
    ------
    ArgumentError
        If the shape has no axis or the dtype is not floating.
    """
    kind = _floating(dtype)
    top = float(np.log(np.finfo(kind).max))  # exp of more overflows
    far = [(saturated, _saturated(top)), (offsets, _shifted(top))]
    return _arrays(shape, kind, _numbers, [(ties, _tied), *far, (masked, _masked)])


def probabilities(
    shape: Shape | st.SearchStrategy[Shape] = (3, 4),
    dtype: Any = "float64",
    *,
    zeros: bool = True,
    onehot: bool = True,
) -> st.SearchStrategy[np.ndarray]:
    """Draw arrays whose rows are not negative and add up to 1, up to rounding.

    Parameters
    ----------
    shape, dtype
        As for :func:`logits`.
    zeros
        Whether entries may be exactly 0.
    onehot
        Whether a row may have a single 1.
    """
    return _arrays(shape, _floating(dtype), _shares, [(zeros, _sparse), (onehot, _onehot)])


def upstreams(
    shape: Shape | st.SearchStrategy[Shape] = (3, 4),
    dtype: Any = "float64",
    *,
    zeros: bool = True,
    onehot: bool = True,
) -> st.SearchStrategy[np.ndarray]:
    """Draw upstream gradients: signed numbers, and rows that are 0, one-hot, or all alike.

    Parameters
    ----------
    shape, dtype
        As for :func:`logits`; a scalar loss has the shape ``()``.
    zeros
        Whether rows may be 0.
    onehot
        Whether rows may have a single 1.
    """
    edges = [(zeros, _nothing), (onehot, _onehot), (True, _alike)]
    return _arrays(shape, _floating(dtype), _numbers, edges, scalar=True)


def targets(
    shape: Shape | st.SearchStrategy[Shape] = (3,),
    *,
    classes: int,
    ignore_index: int | None = None,
    dtype: Any = "int64",
) -> st.SearchStrategy[np.ndarray]:
    """Draw class indices: any, all of one class, the first and the last, or ignored.

    Parameters
    ----------
    shape
        A shape or a strategy of shapes; ``()`` is one index.
    classes
        How many classes there are.
    ignore_index
        An index that may stand for no class; all may be ignored.
    dtype
        A NumPy integer dtype.

    Raises
    ------
    ArgumentError
        If there is no class or the dtype is not of integers.
    """
    if not isinstance(classes, int) or classes < 1:
        raise ArgumentError(f"classes must be an integer ≥ 1; got {classes!r}")
    if np.dtype(dtype).kind not in "iu":
        raise ArgumentError(f"dtype must be of integers; got {dtype!r}")
    index = st.integers(0, classes - 1) | st.sampled_from([0, classes - 1])
    if ignore_index is not None:
        index |= st.just(ignore_index)

    def filled(drawn: Shape) -> st.SearchStrategy[np.ndarray]:
        size = int(np.prod(drawn))
        several = st.lists(index, min_size=size, max_size=size)
        flat = several | index.map(lambda one: [one] * size)
        return flat.map(lambda values: np.array(values, dtype).reshape(drawn))

    return _shapes(shape).flatmap(filled)


# -- rows ------------------------------------------------------------------------------------------


def _numbers(length: int) -> Rows:
    number = st.floats(-_ORDINARY, _ORDINARY, width=16)
    return st.lists(number, min_size=length, max_size=length).map(np.array)


def _shares(length: int) -> Rows:
    return _numbers(length).map(lambda row: np.exp(row) / np.exp(row).sum())


def _index(length: int) -> st.SearchStrategy[int]:
    return st.integers(0, length - 1)


def _changed(row: np.ndarray, at: Any, value: Any) -> np.ndarray:
    row = row.copy()
    row[at] = value
    return row


def _tied(length: int) -> Rows:
    pairs = st.tuples(_numbers(length), _index(length), _index(length))
    two = pairs.map(lambda p: _changed(p[0], [p[1], p[2]], p[0].max() + 0.5))
    return two | _alike(length)


def _alike(length: int) -> Rows:
    return st.floats(-_ORDINARY, _ORDINARY, width=16).map(lambda v: np.full(length, v))


def _saturated(top: float) -> Callable[[int], Rows]:
    def rows(length: int) -> Rows:
        drawn = st.tuples(_numbers(length), _index(length), st.sampled_from([0.5, 0.9]))
        return drawn.map(lambda d: _changed(d[0], d[1], d[2] * top))

    return rows


def _shifted(top: float) -> Callable[[int], Rows]:
    def rows(length: int) -> Rows:
        shift = st.sampled_from([-8.0, -2.0, 2.0, 8.0])
        return st.tuples(_numbers(length), shift).map(lambda d: d[0] + d[1] * top)

    return rows


def _masked(length: int) -> Rows:
    keep = st.lists(st.booleans(), min_size=length, max_size=length).filter(any)
    return st.tuples(_numbers(length), keep).map(lambda d: np.where(d[1], d[0], -np.inf))


def _sparse(length: int) -> Rows:
    return _masked(length).map(lambda row: np.exp(row) / np.exp(row).sum())


def _onehot(length: int) -> Rows:
    return _index(length).map(lambda i: _changed(np.zeros(length), i, 1.0))


def _nothing(length: int) -> Rows:
    return st.just(np.zeros(length))


# -- arrays ----------------------------------------------------------------------------------------


def _arrays(
    shape: Any,
    dtype: np.dtype,
    ordinary: Callable[[int], Rows],
    edges: Sequence[tuple[bool, Callable[[int], Rows]]],
    *,
    scalar: bool = False,
) -> st.SearchStrategy[np.ndarray]:
    """Draw arrays of ordinary rows and of those edges that are wanted."""
    kinds = [ordinary, *(edge for wanted, edge in edges if wanted)]

    def filled(drawn: Shape) -> st.SearchStrategy[np.ndarray]:
        if not drawn and not scalar:
            raise ArgumentError("shape must have at least one axis; got ()")
        length, count = (drawn[-1] if drawn else 1), int(np.prod(drawn[:-1]))
        if not length or not count:
            return st.just(np.zeros(drawn, dtype))
        row = st.one_of(*(kind(length) for kind in kinds))
        rows = st.lists(row, min_size=count, max_size=count)
        return rows.map(lambda found: np.stack(found).astype(dtype).reshape(drawn))

    return _shapes(shape).flatmap(filled)


def _shapes(shape: Any) -> st.SearchStrategy[Shape]:
    if isinstance(shape, st.SearchStrategy):
        return shape.map(tuple)
    if isinstance(shape, int):
        return st.just((shape,))
    return st.just(tuple(shape))


def _floating(dtype: Any) -> np.dtype:
    kind = np.dtype(dtype)
    if kind.kind != "f":
        raise ArgumentError(f"dtype must be a floating dtype of NumPy; got {dtype!r}")
    return kind
