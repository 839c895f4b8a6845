"""Guesses that predict the whole claimed Jacobian from the true one."""

from collections.abc import Iterator
from itertools import permutations
from math import prod

import numpy as np

from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair, is_diagonal

__all__ = [
    "collapsed",
    "detached",
    "diagonal",
    "dropped",
    "identity",
    "negative",
    "summed",
    "transposed",
]


def dropped(p: Pair) -> Iterator[Guess]:
    """Predict no gradient at all."""
    if p.live.any():
        told = "the gradient is zero, the function depends on it"
        yield p.guess("dropped_grad", told, np.zeros_like(p.true), not p.claimed.any())


def detached(p: Pair) -> Iterator[Guess]:
    """Predict that nothing flows back through some of several outputs."""
    owner = np.repeat(np.arange(len(p.outputs)), [prod(shape) for shape in p.outputs])
    silent = set(owner[p.live.any(1)]) - set(owner[p.filled.any(1)])
    if silent and len(p.outputs) > 1:
        rows = np.isin(owner, [*silent])
        outputs = " and ".join(str(k) for k in sorted(silent))
        told = f"the upstream gradient of output {outputs} (counted from 0) is not used"
        yield p.guess("ignores_upstream", told, np.where(rows[:, None], 0.0, p.true))


def negative(p: Pair) -> Iterator[Guess]:
    """Predict the negative; told in full by what a constant factor stands for."""
    yield p.guess("wrong_sign", "your gradient is the negative of the right one", -p.true)


def identity(p: Pair) -> Iterator[Guess]:
    """Predict that the upstream gradient comes out as it went in."""
    if p.elementwise:
        eye = np.eye(p.true.shape[0])
        fits = np.abs(p.claimed - eye).max(initial=0.0) < max(1e-6, 2 * p.eps)
        yield p.guess("identity_jacobian", "your gradient equals the upstream gradient", eye, fits)
        k = float(np.trace(p.claimed)) / max(len(eye), 1)
        if k != 0 and not is_diagonal(p.true):
            told = f"your gradient is {k:.4g} times the upstream gradient"
            yield p.guess("identity_jacobian", told, k * eye)


def diagonal(p: Pair) -> Iterator[Guess]:
    """Predict no entry outside the diagonal, where the truth has some."""
    if not p.elementwise or is_diagonal(p.true):
        return
    told = "your Jacobian is exactly the diagonal of the right one"
    exact = p.guess("diagonal_only", told, np.diag(np.diag(p.true)))
    yield exact
    if not exact.fits and p.claimed.any() and is_diagonal(p.claimed):
        told = "your Jacobian is diagonal, the right one is not"
        yield p.guess("diagonal_only", told, np.diag(np.diag(p.claimed)), True)


def summed(p: Pair) -> Iterator[Guess]:
    """Predict rows or columns of the Jacobian added up: for softmax, all rounding."""
    if not p.elementwise or not p.live.any() or is_diagonal(p.true) or p.true.shape[0] < 2:
        return
    if p.claimed.any() and np.abs(p.claimed).max() < 1e-10 * p.scale:
        if np.abs(p.true.sum(0)).max() < 1e-6 * p.scale:
            told = "your gradient is rounding noise: J's sums are 0"
            yield p.place("jacobian_summed", told, np.ones_like(p.live))
        return
    for total in (p.true.sum(0), p.true.sum(1)):
        if np.abs(total).max() > 10 * p.tolerance:
            told = "your gradient is g times the Jacobian's sums"
            yield p.guess("jacobian_summed", told, np.diag(total))


def transposed(p: Pair) -> Iterator[Guess]:
    """Predict axes of output and input swapped."""
    if p.y is None or p.y.ndim + p.x.ndim > 7:
        return
    shape = p.y.shape + p.x.shape
    tensor = p.true.reshape(shape)
    for order in permutations(range(len(shape))):
        moved = [a for a, b in enumerate(order) if a != b]
        if not moved or tuple(shape[a] for a in order) != shape:
            continue
        other = tensor.transpose(order).reshape(p.true.shape)
        if p.close(other, p.true):
            continue
        axes = [f"output axis {a}" if a < p.y.ndim else f"input axis {a - p.y.ndim}" for a in moved]
        told = f"your Jacobian has {' and '.join(axes)} exchanged"
        yield p.guess("transposed", told, other)


def collapsed(p: Pair) -> Iterator[Guess]:
    """Predict that several outputs share one upstream number."""
    m = p.true.shape[0]
    if m < 2 or not p.filled.any():
        return
    for axes, label in _reductions(p):
        shape = (m,) if p.y is None else p.y.shape
        true = p.true.reshape(*shape, -1)
        total = true.sum(axis=axes, keepdims=True)
        if np.abs(total).max() <= 10 * p.tolerance:
            continue
        count = int(np.prod([shape[a] for a in axes]))
        claimed = p.claimed.reshape(true.shape)
        heads = np.abs(claimed).max(axis=-1)
        first = tuple(int(i) for i in np.unravel_index(int(heads.argmax()), shape))
        if len(axes) == len(shape) and count > 1:
            alone = np.zeros_like(true)
            alone[first] = total.reshape(-1)
            at = int(np.ravel_multi_index(first, shape))
            told = f"only entry {at} of the upstream gradient is used"
            yield p.guess("upstream_collapsed", told, alone.reshape(p.true.shape))
        elif len(axes) == 1:
            at = first[axes[0]]
            alone = np.zeros_like(true)
            alone[(slice(None),) * axes[0] + (slice(at, at + 1),)] = total
            told = f"only index {at} of the upstream gradient's axis {axes[0]} is used"
            yield p.guess("upstream_collapsed", told, alone.reshape(p.true.shape))
        for scale, how in ((1.0, "sum"), (1 / count, "mean")):
            spread = np.broadcast_to(scale * total, true.shape).reshape(p.true.shape)
            told = f"only the {how} of the upstream gradient{label} is used"
            yield p.guess("upstream_collapsed", told, spread)


def _reductions(p: Pair) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the output axes over which the upstream gradient may have been reduced."""
    if p.y is None:
        yield (0,), ""
        return
    yield tuple(range(p.y.ndim)), ""
    if p.y.ndim > 1:
        for axis in range(p.y.ndim):
            if p.y.shape[axis] > 1:
                yield (axis,), f" along output axis {axis}"
