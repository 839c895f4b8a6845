"""Mistakes that need no knowledge of the function: edits of a right gradient."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from measuring.problems import Setting
from softgrad.check.naming.faults import faults

__all__ = ["Mistake", "mistakes"]

Right = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``right(g, x)``: the true gradient, in float64."""

ONE_ENTRY = {"float64": 1e-5, "float32": 1e-2, "bfloat16": 0.5}


@dataclass(frozen=True)
class Mistake:
    """A wrong backward pass.

    Parameters
    ----------
    label
        What is wrong.
    make
        ``make(right) -> backward``, fresh for every checker, as a backward pass may keep a state.
    hidden
        Whether a single call at the point itself gives the right gradient.
    dtypes
        Where it is a mistake; by default everywhere.
    """

    label: str
    make: Callable[[Right], Right]
    hidden: bool = False
    dtypes: tuple[str, ...] = ("float64", "float32", "bfloat16")


def mistakes(setting: Setting, dtype: str) -> Iterator[Mistake]:
    """Yield every mistake, the structural edits of the declared Jacobian first."""
    for number, fault in enumerate(faults(setting.at(setting.x))):
        yield Mistake(f"{fault.label} [{fault.bug}]", _structural(setting, number))
    yield from (m for m in GENERIC if dtype in m.dtypes)
    yield Mistake("one entry is off", lambda right: _one_entry(right, ONE_ENTRY[dtype]))


def _structural(setting: Setting, number: int) -> Callable[[Right], Right]:
    def make(right: Right) -> Right:
        known: dict[bytes, Callable] = {}

        def backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
            key = x.tobytes()
            if key not in known:
                known.clear()
                known[key] = [*faults(setting.at(x))][number].gradient
            return known[key](g)[setting.primary]

        return backward

    return make


def _on_result(edit: Callable[[np.ndarray], np.ndarray]) -> Callable[[Right], Right]:
    return lambda right: lambda g, x: edit(right(g, x))


def _on_upstream(edit: Callable[[np.ndarray], np.ndarray]) -> Callable[[Right], Right]:
    return lambda right: lambda g, x: right(np.broadcast_to(edit(g), g.shape), x)


def _changed(d: np.ndarray, where: object, value: float) -> np.ndarray:
    d = d.copy()
    d[where] = value
    return d


def _noise(d: np.ndarray) -> np.ndarray:
    return d * (1 + 1e-3 * np.random.default_rng(1).normal(size=d.shape))


def _one_entry(right: Right, share: float) -> Right:
    """Change the entry of median magnitude among those that are not 0."""

    def backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        d = right(g, x).copy()
        flat = d.reshape(-1)
        order = np.argsort(np.abs(flat))
        order = order[np.count_nonzero(flat == 0) :]
        if order.size:
            flat[order[order.size // 2]] *= 1 + share
        return d

    return backward


def _stale(right: Right) -> Right:
    first: dict[tuple[int, ...], np.ndarray] = {}
    return lambda g, x: right(g, first.setdefault(x.shape, x.copy()))


def _accumulating(right: Right) -> Right:
    total: dict[tuple[int, ...], np.ndarray] = {}

    def backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        total[x.shape] = total.get(x.shape, 0.0) + right(g, x)
        return total[x.shape].copy()

    return backward


def _flickering(right: Right) -> Right:
    calls = [0]

    def backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        calls[0] += 1
        return right(g, x) * (1.5 if calls[0] % 3 == 0 else 1.0)

    return backward


def _overwriting(right: Right) -> Right:
    def backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        d = right(g, x)
        if g.flags.writeable:
            g[...] = 0
        return d

    return backward


GENERIC = (
    Mistake("all zeros", _on_result(np.zeros_like)),
    Mistake("half", _on_result(lambda d: d / 2)),
    Mistake("twice", _on_result(lambda d: 2 * d)),
    Mistake("divided by the number of entries", _on_result(lambda d: d / d.size)),
    Mistake("absolute values", _on_result(np.abs)),
    Mistake("transposed", _on_result(lambda d: d.T.reshape(d.shape))),
    Mistake("reversed", _on_result(lambda d: d[..., ::-1])),
    Mistake("shifted by one", _on_result(lambda d: np.roll(d, 1, -1))),
    Mistake("cumulated along the first axis", _on_result(lambda d: np.cumsum(d, 0))),
    Mistake("averaged over the rows", _on_result(lambda d: d * 0 + d.mean(0, keepdims=True))),
    Mistake(
        "clipped", _on_result(lambda d: np.clip(d, *(np.abs(d).max() * np.array([-1, 1]) / 2)))
    ),
    Mistake("first row lost", _on_result(lambda d: _changed(d, 0, 0.0))),
    Mistake("last column lost", _on_result(lambda d: _changed(d, (..., -1), 0.0))),
    Mistake("only the largest kept", _on_result(lambda d: d * (np.abs(d) == np.abs(d).max()))),
    Mistake("a constant added", _on_result(lambda d: d + np.abs(d).max() / 100)),
    Mistake("noise of 1e-3", _on_result(_noise)),
    Mistake("rounded to float32", _on_result(lambda d: d.astype("f4")), dtypes=("float64",)),
    Mistake("all NaN", _on_result(lambda d: np.full_like(d, np.nan))),
    Mistake("one NaN", _on_result(lambda d: _changed(d, (0,) * d.ndim, np.nan))),
    Mistake("upstream ignored", _on_upstream(np.ones_like)),
    Mistake("upstream collapsed to its mean", _on_upstream(lambda g: g.mean())),
    Mistake("upstream collapsed to its first row", _on_upstream(lambda g: g[:1] if g.ndim else g)),
    Mistake("upstream reversed", _on_upstream(lambda g: g[..., ::-1] if g.ndim else g)),
    Mistake("upstream squared", _on_upstream(lambda g: g * g)),
    Mistake("stale: the first point's forever", _stale, hidden=True),
    Mistake("accumulates over calls", _accumulating, hidden=True),
    Mistake("another result every third call", _flickering, hidden=True),
    Mistake("overwrites the upstream gradient", _overwriting, hidden=True),
)
"""Edits of the gradient, of the upstream gradient, and of what is kept between calls."""
