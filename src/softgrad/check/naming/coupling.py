"""Guesses from the axes along which the claimed Jacobian joins entries."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair

__all__ = ["coupled_axes", "coupling", "misplaced"]


def coupling(p: Pair) -> Iterator[Guess]:
    """Compare the axes along which entries are coupled."""
    codes = _aligned(p)
    if codes is None or not p.filled.any():
        return
    true, claimed = _axes_of(codes, p.live), _axes_of(codes, p.filled)
    if claimed <= true:
        return
    extra = p.filled & ~p.live
    places = extra | (codes > 0) | p.live
    share = float(np.linalg.norm(p.claimed[extra]) / np.linalg.norm(p.claimed))
    if _crossed(p, extra):
        told = f"a row's reduced value is spread over the columns ({share:.0%} of your Jacobian)"
        yield p.place("accidental_broadcast", told, places)
    names = _listed(claimed - true)
    if true <= claimed:
        told = f"your gradient also couples entries along {names} ({share:.0%} of your Jacobian)"
        yield p.place("batch_mixed", told, places)
    else:
        told = f"your gradient couples along {names}, the function along {_listed(true)}"
        yield p.place("wrong_axis", told, places)


def misplaced(p: Pair) -> Iterator[Guess]:
    """Each output's contribution goes to the entry of another of the output's indices.

    So a bias or a slope per channel is summed over the wrong axes.
    """
    if p.y is None or p.x.ndim != 1 or p.y.ndim < 2 or (p.live.sum(1) > 1).any():
        return
    share = p.true.sum(1)
    index = np.indices(p.y.shape).reshape(p.y.ndim, -1)
    fitting = [a for a in range(p.y.ndim) if p.y.shape[a] == p.x.size]
    own = [a for a in fitting if p.close(_scattered(share, index[a], p), p.true)]
    for axis in fitting:
        if own and axis not in own:
            told = f"one sum per index of output axis {axis}, where axis {own[0]} is right"
            yield p.guess("wrong_axis", told, _scattered(share, index[axis], p))


def _scattered(share: np.ndarray, index: np.ndarray, p: Pair) -> np.ndarray:
    found = np.zeros(p.true.shape)
    found[np.arange(share.size), index] = share
    return found


def coupled_axes(p: Pair) -> tuple[str, str] | None:
    """Return the axes along which the function and the claim couple entries, in words."""
    codes = _aligned(p)
    if codes is None:
        return None
    return _listed(_axes_of(codes, p.live)), _listed(_axes_of(codes, p.filled))


def _listed(axes: set[int]) -> str:
    if not axes:
        return "no axis"
    return ("axis " if len(axes) == 1 else "axes ") + ", ".join(str(a) for a in sorted(axes))


def _aligned(p: Pair) -> np.ndarray | None:
    """Return for each (output, entry) a bit mask of the axes at which their indices differ."""
    if p.y is None or p.x.ndim == 0:
        return None
    inputs = np.indices(p.x.shape).reshape(p.x.ndim, -1)
    if p.elementwise:
        kept = list(range(p.x.ndim))
    else:
        fits = [
            [a for a in range(p.x.ndim) if a != r]
            for r in range(p.x.ndim)
            if p.x.shape[:r] + p.x.shape[r + 1 :] == p.y.shape
            or (*p.x.shape[:r], 1, *p.x.shape[r + 1 :]) == p.y.shape
        ]
        if not fits or p.x.ndim < 2:
            return None
        kept = fits[-1]
    shape = tuple(p.x.shape[a] for a in kept)
    outputs = np.indices(shape).reshape(len(kept), -1)
    code = np.zeros(p.true.shape, int)
    for row, axis in zip(outputs, kept, strict=True):
        code |= (row[:, None] != inputs[axis][None, :]).astype(int) << axis
    return code


def _axes_of(codes: np.ndarray, where: np.ndarray) -> set[int]:
    union = int(np.bitwise_or.reduce(codes[where], initial=0))
    return {a for a in range(union.bit_length()) if union >> a & 1}


def _crossed(p: Pair, extra: np.ndarray) -> bool:
    """Return whether every extra entry joins an output's row index to an input's column index."""
    if not p.elementwise or p.x.ndim < 2 or p.x.shape[-1] != p.x.shape[-2]:
        return False
    index = np.indices(p.x.shape).reshape(p.x.ndim, -1)
    outs, ins = np.nonzero(extra)
    return bool(np.all(index[-2][outs] == index[-1][ins]))
