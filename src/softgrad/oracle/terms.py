"""How large the terms are that a derivative adds up: what its rounding errors are measured by.

A record bounds a product in units of eps times "the same product formed with absolute values".
For a call that is the chain rule over its graph with every factor in absolute value. A factor is a
node's exact first or second derivative; three members' derivatives are themselves sums, whose
terms are taken one by one.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from mpmath import mp

from softgrad.declare import Leaf, Node
from softgrad.family.binary_cross_entropy import BERNOULLI
from softgrad.family.premaps import SHIFT, SOFTCAP, TEMPER
from softgrad.family.softmax import SOFTMAX
from softgrad.oracle.exact import Exact, applied, exact

__all__ = ["Terms", "terms"]

PREMAPS = (SHIFT, SOFTCAP, TEMPER)
DIGITS, STEP = 400, 30


@dataclass(frozen=True)
class Terms:
    """Absolute terms of a row.

    Parameters
    ----------
    J, H
        Σ|terms| of the first (m, N) and second (m, N, N) derivatives.
    moved
        How far the value moves if every premap rounds the logits by their own size: (m,).
    premaps
        How many premaps round the logits.
    largest
        The largest logit the function itself sees.
    """

    J: np.ndarray
    H: np.ndarray
    moved: np.ndarray
    premaps: int
    largest: float


@dataclass(frozen=True)
class _Seen:
    value: np.ndarray
    J: np.ndarray
    H: np.ndarray
    moved: np.ndarray
    premaps: int


def terms(at: Exact, names: tuple[str, ...]) -> Terms:
    """Return the absolute terms of a call at a point."""
    walk = _Walk(at, names)
    with mp.workdps(DIGITS):
        root = walk.see(at._call.root)
    return Terms(root.J, root.H, root.moved, root.premaps, walk.largest)


class _Walk:
    def __init__(self, at: Exact, names: tuple[str, ...]) -> None:
        self.leaves, self.names = at._leaves, names
        self.size = sum(at._leaves[k].size for k in names)
        self.seen: dict[Any, _Seen] = {}
        self.largest = 0.0

    def see(self, node: Node | Leaf) -> _Seen:
        if isinstance(node, Leaf):
            return self._leaf(node)
        if node not in self.seen:
            self.seen[node] = self._node(node)
        return self.seen[node]

    def _leaf(self, leaf: Leaf) -> _Seen:
        value = self.leaves.get(leaf.name)
        value = np.asarray(exact(leaf.array) if value is None else value, dtype=object)
        J = np.zeros((value.size, self.size))
        if leaf.name in self.names:
            before = sum(self.leaves[k].size for k in self.names[: self.names.index(leaf.name)])
            J[:, before : before + value.size] = np.eye(value.size)
        empty = np.zeros((value.size, self.size, self.size))
        return _Seen(value, J, empty, np.zeros(value.size), 0)

    def _node(self, node: Node) -> _Seen:
        below = {k: self.see(child) for k, child in node.inputs.items()}
        J1, H1, moved = (
            np.concatenate([getattr(s, part) for s in below.values()])
            for part in ("J", "H", "moved")
        )
        inputs = {k: s.value for k, s in below.items()}
        if node.member.along_axis and "x" in inputs:
            size = [abs(float(v)) for v in inputs["x"].ravel() if mp.isfinite(v)]
            self.largest = max([self.largest, *size])
        local = _Local(node, inputs)
        value = local.at({})
        J, H = local.first(), local.second()
        H2 = np.einsum("kab,ai,bj->kij", H, J1, J1) + np.einsum("ka,aij->kij", J, H1)
        premaps = max(s.premaps for s in below.values())
        moved = J @ moved
        if node.member in PREMAPS:
            moved = moved + np.abs(_floats(value))
            premaps += 1
            self.largest = max(self.largest, float(np.max(np.abs(_floats(value)))))
        return _Seen(value, J @ J1, H2, moved, premaps)


class _Local:
    """Derivatives of one node's definition in absolute value, over its inputs laid end to end."""

    def __init__(self, node: Node, inputs: dict[str, np.ndarray]) -> None:
        self.node, self.inputs = node, inputs
        self.arrays = {k: np.asarray(exact(v), dtype=object) for k, v in node.arrays.items()}
        self.places = [(k, i) for k, a in inputs.items() for i in np.ndindex(a.shape)]
        self.step = mp.mpf(10) ** -STEP

    def at(self, moves: dict[tuple, int], **instead: np.ndarray) -> np.ndarray:
        given = {k: a.copy() for k, a in {**self.inputs, **instead}.items()}
        for (name, index), steps in moves.items():
            given[name][index] = given[name][index] + steps * self.step
        return np.asarray(applied(self.node, {**given, **self.arrays}), dtype=object)

    def first(self, **instead: np.ndarray) -> np.ndarray:
        if self.node.member is BERNOULLI and not instead:
            return self._outcomes("first")
        columns = [
            _floats((self.at({p: 1}, **instead) - self.at({p: -1}, **instead)) / (2 * self.step))
            for p in self.places
        ]
        return np.abs(np.stack(columns, axis=-1))

    def second(self, **instead: np.ndarray) -> np.ndarray:
        member, size = self.node.member, len(self.places)
        if member is BERNOULLI and not instead:
            return self._outcomes("second")
        if member is SOFTMAX or "alpha" in self.node.constants:
            return _simplex(_floats(self.at({})), self.node.constants.get("alpha", 1.0))
        H = np.zeros((self.at({}).size, size, size))
        if member.linear:
            return H
        for i, j in combinations_with_replacement(range(size), 2):
            if self._apart(self.places[i][1], self.places[j][1]):
                continue
            H[:, i, j] = H[:, j, i] = np.abs(self._mixed(self.places[i], self.places[j], instead))
        return H

    def _apart(self, a: tuple[int, ...], b: tuple[int, ...]) -> bool:
        """Return whether no output sees both entries: they lie in different rows."""
        if len({each.shape for each in self.inputs.values()}) > 1:
            return False
        axis = self.node.axis
        if not self.node.member.along_axis:
            return a != b
        if axis is None or axis.dim is None:
            return False
        return np.delete(a, axis.dim).tolist() != np.delete(b, axis.dim).tolist()

    def _mixed(self, a: tuple, b: tuple, instead: dict) -> np.ndarray:
        total: Any = 0
        for s, r in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            moves = {a: s + r} if a == b else {a: s, b: r}
            total = total + s * r * self.at(moves, **instead)
        return _floats(total / (4 * self.step**2))

    def _outcomes(self, order: str) -> np.ndarray:
        """Add the terms of the outcomes 1 and 0, in which the loss is linear."""
        y = self.inputs["y"]
        found: Any = 0
        for outcome in (0, 1):
            share = np.abs(_floats(y if outcome else 1 - y))
            shape = (-1,) + (1,) * (1 if order == "first" else 2)
            fixed = np.full_like(y, mp.mpf(outcome))
            found = found + share.reshape(shape) * getattr(self, order)(y=fixed)
            if order == "first":
                entries = np.abs(_floats(self.at({}, y=fixed)))
                by_y = [i for i, (name, _) in enumerate(self.places) if name == "y"]
                found[np.arange(len(by_y)), by_y] += entries
        return found


def _simplex(p: np.ndarray, alpha: float) -> np.ndarray:
    """Return Σ_m |C_mk| |C_mi| |∂s_m/∂x_j|, C = I − 1wᵀ: the terms of dJ = Cᵀ diag(ds) C."""
    s = np.where(p > 0, p, 1.0) ** (2 - alpha) * (p > 0)
    slope = np.abs(2 - alpha) * np.where(p > 0, p, 1.0) ** (1 - alpha) * (p > 0)
    w = s / (s.sum() or 1.0)
    C = np.abs(np.eye(p.size) - w)
    ds = slope[:, None] * np.abs(np.diag(s) - np.outer(s, w))
    H = np.einsum("mk,mi,mj->kij", C, C, ds)
    return np.maximum(H, H.swapaxes(1, 2))


def _floats(a: np.ndarray) -> np.ndarray:
    flat = [float(v) if mp.isfinite(v) else 0.0 for v in np.ravel(a)]
    return np.array(flat)
