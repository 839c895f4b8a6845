"""The groups of entries that a function couples, such as the rows of a normalisation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from softgrad.check.naming.instance import Pair
from softgrad.check.naming.terms import Term, distinct

__all__ = ["CENTRED", "Group", "groups"]

CENTRED = "c"
_FEWEST, _MOST = 4, 256
_SAMPLES = 64


@dataclass(frozen=True)
class Group:
    """One group: the gradients in it for some upstream gradients, and the terms they may have.

    Parameters
    ----------
    size
        The number of its entries.
    true, claimed
        Gradients, one upstream gradient after the other.
    terms
        What the gradients may be made of, likewise.
    scales
        Numbers that belong to the group, such as x/y where the two are proportional.
    """

    size: int
    true: np.ndarray
    claimed: np.ndarray
    terms: dict[Term, np.ndarray]
    scales: dict[str, float]


def groups(p: Pair, others: Mapping[str, np.ndarray], seed: int = 0) -> list[Group]:
    """Return the two largest groups, where outputs and entries go together; none otherwise.

    ``others`` are the other inputs, laid out as the input is.
    """
    if p.y is None or not p.live.any():
        return []
    parts = list(_parts(p))
    inside = np.zeros(p.true.shape, bool)
    for outputs, entries in parts:
        inside[np.ix_(outputs, entries)] = True
    if (p.filled & ~inside).any():
        return []
    fitting = [
        (outputs, entries)
        for outputs, entries in parts
        if _FEWEST <= entries.size <= _MOST
        and (outputs.size == 1 or (p.elementwise and np.array_equal(outputs, entries)))
        and not p.right[np.ix_(outputs, entries)].all()
    ]
    fitting.sort(key=lambda part: -part[1].size)
    rng = np.random.default_rng(seed)
    return [_group(p, others, outputs, entries, rng) for outputs, entries in fitting[:2]]


def _parts(p: Pair) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the outputs and entries that are joined by the true Jacobian."""
    left = p.live.any(1)
    while left.any():
        outputs = np.zeros(left.size, bool)
        outputs[int(left.argmax())] = True
        while True:
            entries = p.live[outputs].any(0)
            more = p.live[:, entries].any(1)
            if np.array_equal(more, outputs):
                break
            outputs = more
        left &= ~outputs
        yield np.flatnonzero(outputs), np.flatnonzero(entries)


def _group(
    p: Pair,
    others: Mapping[str, np.ndarray],
    outputs: np.ndarray,
    entries: np.ndarray,
    rng: np.random.Generator,
) -> Group:
    values = _values(p, others, outputs, entries)
    count = 1 if outputs.size == 1 else 3 + _SAMPLES // entries.size
    gs = np.ones((1, 1)) if outputs.size == 1 else rng.normal(size=(count, outputs.size))
    block = np.ix_(outputs, entries)
    return Group(
        entries.size,
        (gs @ p.true[block]).ravel(),
        (gs @ p.claimed[block]).ravel(),
        distinct(_leads(values) if outputs.size == 1 else _terms(values, gs)),
        _scales(values),
    )


def _scales(values: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return by what one quantity is larger than another one, and how large it is."""
    found: dict[str, float] = {}
    y = values.get("y")
    for name in (CENTRED, "x"):
        v = values.get(name)
        if v is None:
            continue
        if y is not None:
            k = float(v @ y) / float(y @ y)
            if np.allclose(v, k * y, rtol=0, atol=1e-9 * np.abs(v).max()):
                found[f"{name}/y"] = k
        found[f"‖{name}‖"] = float(np.linalg.norm(v))
        found[f"√(mean {name}²)"] = float(np.sqrt(np.mean(v * v)))
    return found


def _values(
    p: Pair, others: Mapping[str, np.ndarray], outputs: np.ndarray, entries: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the quantities of a group that are not the same for all its entries."""
    x = p.x.ravel()[entries]
    found = {CENTRED: x - x.mean(), "x": x}
    if outputs.size > 1 and p.y is not None:
        found["y"] = p.y.ravel()[outputs]
    found |= {name: array.ravel()[entries] for name, array in others.items()}
    if (x > 0).any() and (x < 0).any():
        found["sign(x)"] = np.sign(x)
    return {name: v for name, v in found.items() if np.ptp(v) > 1e-9 * np.abs(v).max()}


def _leads(values: Mapping[str, np.ndarray]) -> Iterator[tuple[Term, np.ndarray]]:
    """Yield the terms of an output that is one number."""
    some = next(iter(values.values()), np.zeros(0))
    yield Term("", "g"), np.ones(some.size)
    for name, v in values.items():
        yield Term(name, "g"), v


def _terms(values: Mapping[str, np.ndarray], gs: np.ndarray) -> Iterator[tuple[Term, np.ndarray]]:
    """Yield g, g∘w and their sums, and what is proportional to such a sum."""
    yield Term("", "g"), gs
    for name, v in values.items():
        yield Term(name, "g"), gs * v
    scaled = [name for name in values if name not in (CENTRED, "x", "y", "sign(x)")]
    for last in (False, True):  # the output is often what a weight has made of x
        for weight in ("", *scaled):
            d = gs * values[weight] if weight else gs
            label = f"g∘{weight}" if weight else "g"
            sums = {} if last else {f"Σ({label})" if weight else "Σg": d}
            sums |= {
                f"⟨{label},{b}⟩": d * v
                for b, v in values.items()
                if b not in scaled and (b == "y") == last
            }
            yield from _spread(sums, values)


def _spread(
    sums: Mapping[str, np.ndarray], values: Mapping[str, np.ndarray]
) -> Iterator[tuple[Term, np.ndarray]]:
    """Yield what is summed over the group, times each quantity."""
    for core, terms in sums.items():
        number = np.broadcast_to(terms.sum(1, keepdims=True), terms.shape)
        yield Term("", core), number
        for name, v in values.items():
            yield Term(name, core), number * v
