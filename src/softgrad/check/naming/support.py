"""Guesses from where the claimed Jacobian is zero and should not be, or the other way round."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair
from softgrad.check.report.words import counted
from softgrad.check.subject.subject import Subject

__all__ = ["blocks", "leak", "lost", "partial", "single"]


def partial(p: Pair) -> Iterator[Guess]:
    """Every entry is right but for the end of an axis, where all are lost or off by one factor."""
    apart = p.live & ~p.right
    if not apart.any() or (p.filled & ~p.right & ~apart).any():
        return
    factor = float(np.sum((p.claimed * p.true)[apart]) / np.sum(p.true[apart] ** 2))
    if np.abs(p.claimed - factor * p.true)[apart].max() > 4 * p.tolerance:
        return
    if not (p.filled & apart).any():
        told = "is lost"
    elif factor > 0:
        told = f"is {factor:.4g} times what it should be"
    else:
        return
    for where, shape in ((apart, p.x.shape), (apart.T, p.y.shape if p.y is not None else ())):
        alive = p.live if where is apart else p.live.T
        flat = where.any(0)
        if (alive[:, flat] & ~where[:, flat]).any() or not shape:
            continue
        side = "input" if where is apart else "output"
        for axis, start in _ends(flat.reshape(shape)):
            everything = f"everything from index {start} of {side} axis {axis} on"
            yield p.place("partial_block", f"{everything} {told}", apart)


def single(p: Pair) -> Iterator[Guess]:
    """Of the outputs that add up in an entry, one is kept: a sum over samples that was not made."""
    gone = p.live & ~p.right
    if p.y is None or (p.filled & ~p.right).any():
        return
    if not (gone.any(0) == p.live.any(0)).all() or not ((p.filled & p.live).sum(0) <= 1).all():
        return
    kept = np.argwhere((p.filled & p.live).any(1).reshape(p.y.shape))
    fixed = [axis for axis in range(p.y.ndim) if len(kept) and np.ptp(kept[:, axis]) == 0]
    axes = [axis for axis in fixed if p.y.shape[axis] > 1]
    if np.prod([p.y.shape[axis] for axis in axes]) > 2:  # of two, it may as well be a block
        at = ", ".join(f"index {kept[0, axis]} of output axis {axis}" for axis in axes)
        yield p.place("upstream_collapsed", f"only {at} of the upstream gradient is used", gone)


def _ends(mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the axes along which a mask is exactly the end, and where it starts."""
    for axis, length in enumerate(mask.shape):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        line = np.atleast_1d(mask.any(axis=others))
        start = int(line.argmax())
        whole = start > 0 and line[start:].all()
        if whole and bool(np.take(mask, range(start, length), axis).all()):
            yield axis, start


def lost(p: Pair) -> Iterator[Guess]:
    """Every entry is right or zero."""
    gone = p.live & ~p.right
    if not gone.any() or (p.filled & ~p.right).any():
        return
    share = f"{int(gone.sum())} of {int(p.live.sum())} entries of the Jacobian are zero"
    yield p.place("dropped_grad", f"{share}, the others are right", gone)


def leak(subject: Subject, p: Pair) -> Iterator[Guess]:
    """Gradient arrives where the function does not depend on the input."""
    extra = p.filled & ~p.live
    if not extra.any() or not (p.right | extra).all():
        return
    columns = extra.any(0)
    if p.live[:, columns].any():
        return
    places = counted(int(columns.sum()))
    for name, value in subject.inputs.items():
        if name not in subject.wrt and subject.frame.is_array(value):
            array = subject.frame.to_numpy(value)
            if array.dtype.kind in "bf" and _is_mask(array, columns.reshape(p.x.shape)):
                told = f"a gradient arrives at {places} that {name} switches off"
                yield p.place("param_ignored", told, extra)
                return
    if p.elementwise and p.y is not None and not p.y.reshape(-1)[columns].any():
        told = f"a gradient arrives at {places} where the output is exactly 0 and stays 0"
        yield p.place("missing_chain_factor", told, extra)
        return
    told = f"a gradient arrives at {places} that the function ignores"
    yield p.place("param_ignored", told, extra)


def _is_mask(array: np.ndarray, columns: np.ndarray) -> bool:
    """Return whether a parameter is 0 exactly at some entries, or exactly beside them."""
    if array.ndim == 0 or not np.isin(array, (0, 1)).all() or array.all():
        return False
    try:
        on = np.broadcast_to(array != 0, columns.shape)
    except ValueError:
        return False
    return not (columns & on).any() or not (columns & ~on).any()


def blocks(p: Pair) -> Iterator[Guess]:
    """One output's upstream gradient goes through another output's Jacobian."""
    if len(p.outputs) < 2:
        return
    edges = np.cumsum([0, *(int(np.prod(s)) for s in p.outputs)])
    parts = [slice(a, b) for a, b in pairwise(edges)]
    for a, one in enumerate(parts):
        for b, two in enumerate(parts):
            if a == b or p.outputs[a] != p.outputs[b] or p.close(p.claimed[one], p.true[one]):
                continue
            swapped, doubled = p.true.copy(), p.true.copy()
            swapped[one] = p.true[two]
            doubled[one] += p.true[two]
            for bug, told, predicted in (
                (
                    "wrong_stage",
                    f"the gradient of output {a} is sent through output {b}'s derivative",
                    swapped,
                ),
                (
                    "missing_term",
                    f"output {a}'s gradient is counted in output {b}'s too",
                    doubled,
                ),
            ):
                yield p.guess(bug, told, predicted, p.close(p.claimed[one], predicted[one]))
