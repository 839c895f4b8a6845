"""Guesses that the claim is right up to a factor that goes with some axes of output and input."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from softgrad.check.naming.elsewhere import factor_moves
from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Instance, Pair
from softgrad.check.naming.products import explained

__all__ = ["Ratio", "named_ratio", "output_ratio", "ratio"]

_MOST_AXES = 7
_FEWEST = 3
_USUAL = (2.0, 0.5, 3.0, 4.0, 1 / 3, 0.25)


@dataclass(frozen=True)
class Ratio:
    """What the right Jacobian must be multiplied by to give the claimed one.

    Parameters
    ----------
    pair
        The two Jacobians.
    axes
        The axes on which the factor depends, the output's first, then the input's.
    factor
        The factor, one axis per entry of ``axes``.
    used
        Where the right Jacobian is not zero, so that there is a factor.
    """

    pair: Pair
    axes: tuple[int, ...]
    factor: np.ndarray
    used: np.ndarray

    @cached_property
    def full(self) -> np.ndarray:
        """The factor for every entry of the Jacobian; 1 where there is none."""
        shape = _shape(self.pair)
        kept = [n if a in self.axes else 1 for a, n in enumerate(shape)]
        values = np.where(self.used, self.factor, 1.0).reshape(kept)
        return np.broadcast_to(values, shape).reshape(self.pair.true.shape)


def ratio(p: Pair, *, of_outputs: bool = False) -> Ratio | None:
    """Return the factor on the fewest axes, or ``None`` if the claim is no such multiple.

    With ``of_outputs`` only the output's axes count.
    """
    if p.y is None or len(_shape(p)) > _MOST_AXES or not p.live.any() or p.eps > 1e-4:
        return None
    axes = tuple(range(p.y.ndim if of_outputs else len(_shape(p))))
    best = _on(p, axes)
    if not _reproduces(best):
        return None
    for axis in axes:
        fewer = _on(p, tuple(a for a in best.axes if a != axis))
        if _reproduces(fewer):
            best = fewer
    return best if best.axes else None


def named_ratio(instance: Instance, p: Pair) -> Iterator[Guess]:
    """Look for quantities that make up the factor."""
    found = ratio(p)
    if found is None or found.used.sum() < _FEWEST:
        return
    known = explained(instance.subject, p, found.factor, found.used)
    if known is not None:
        bug, told = known
        extra = p.filled & ~p.live
        predicted = np.where(extra, p.claimed, found.full * p.true)
        if not extra.any() or "earlier" in told or "later" in told:
            yield p.guess(bug, told, predicted, True)


def output_ratio(instance: Instance, p: Pair) -> Iterator[Guess]:
    """Tell of a factor of each output that no quantity explains."""
    found = ratio(p, of_outputs=True)
    if found is None or (p.filled & ~p.live).any():
        return
    if p.live[p.live.any(1)].sum(1).min() < 2:
        return
    slack = max(1e-5, 4 * p.eps)
    values = np.where(found.used, found.factor, 1.0)
    predicted = found.full * p.true
    apart = found.used & (np.abs(values - 1) > slack)
    first = float(values[apart][0])
    if np.allclose(values[apart], first, rtol=slack, atol=0):
        where = _places(apart, found)
        if where is not None and abs(first + 1) < slack:
            yield p.guess("wrong_sign", f"the sign is wrong for {where}", predicted, True)
        elif where is not None and any(abs(first - k) < slack * k for k in _USUAL):
            told = f"your gradient is {first:.4g} times the right one for {where}"
            yield p.guess("wrong_constant", told, predicted, True)
        return
    if values[found.used].size < 2 or not factor_moves(instance.subject, p, found.full):
        return
    low, high = float(values[found.used].min()), float(values[found.used].max())
    told = (
        f"right up to a factor of each output, here from {low:.4g} to {high:.4g}; "
        "it changes with the inputs' values"
    )
    yield p.guess("missing_chain_factor", told, predicted, True)


def _shape(p: Pair) -> tuple[int, ...]:
    return (() if p.y is None else p.y.shape) + p.x.shape


def _on(p: Pair, axes: tuple[int, ...]) -> Ratio:
    """Return the factor that fits best if it depends on these axes only."""
    shape = _shape(p)
    rest = tuple(a for a in range(len(shape)) if a not in axes)
    true, claimed = p.true.reshape(shape), p.claimed.reshape(shape)
    seen = p.live.reshape(shape)
    weight = np.sum(np.where(seen, true, 0.0) ** 2, axis=rest)
    total = np.sum(np.where(seen, true * claimed, 0.0), axis=rest)
    used = weight > 0
    return Ratio(p, axes, np.where(used, total / np.where(used, weight, 1.0), 1.0), used)


def _reproduces(found: Ratio) -> bool:
    p = found.pair
    gap = np.abs(p.claimed - found.full * p.true)
    slack = 4 * p.tolerance * np.maximum(1.0, np.abs(found.full))
    return bool((gap <= slack)[p.live].all())


def _places(apart: np.ndarray, found: Ratio) -> str | None:
    """Return in words the outputs that are off, if one axis's beginning, end or inside tells."""
    if apart.ndim != 1:
        return None
    axis, n = found.axes[0], apart.size
    index = np.flatnonzero(apart)
    right = np.flatnonzero(~apart)
    if index.size == 1:
        return f"index {index[0]} of output axis {axis}"
    if n > 3 and np.array_equal(right, [0, n - 1]):
        return f"all but the first and the last index of output axis {axis}"
    if n > 2 and right.size == 1:
        return f"all but index {right[0]} of output axis {axis}"
    if n > 3 and np.array_equal(index, [0, n - 1]):
        return f"the first and the last index of output axis {axis}"
    return None
