"""The right gradient of a call, written out from its members' structures."""

from functools import singledispatch
from typing import Any

import numpy as np

import softgrad.structure as kinds
from softgrad.check.naming.likeness import Likeness
from softgrad.declare import Leaf
from softgrad.structure import Structure

__all__ = ["written"]


def written(call: Likeness) -> str:
    """Return the gradients by input, such as ``dx = p∘(g − ⟨p,g⟩)``."""
    steps: list[str] = []
    ends: dict[str, list[str]] = {}
    _follow(call, call.call.root, "g", steps, ends)
    names = {own: name for name, own in call.names.items()}
    last = [f"d{names[own]} = {' + '.join(sums)}" for own, sums in ends.items() if own in names]
    return ", ".join(steps + last)


def _follow(
    call: Likeness, node: Any, g: str, steps: list[str], ends: dict[str, list[str]]
) -> None:
    """Write the products from a node down to the inputs, naming every longer one."""
    if isinstance(node, Leaf):
        ends.setdefault(node.name, []).append(g)
        return
    state = vars(call.states[node])
    for name, structure in node.member.jacobian(call.states[node]).items():
        if name not in node.inputs or not _wanted(call, node.inputs[name]):
            continue
        if len(g) > 4:
            steps.append(f"h{len(steps) + 1} = {g}")
            g = f"h{len(steps)}"
        _follow(call, node.inputs[name], product(structure, g, state), steps, ends)


def _wanted(call: Likeness, node: Any) -> bool:
    if isinstance(node, Leaf):
        return node.name in call.names.values()
    return any(_wanted(call, child) for child in node.inputs.values())


@singledispatch
def product(structure: Structure, g: str, state: dict[str, Any]) -> str:
    """Return the structure's transposed product with ``g`` as one would write it."""
    return f"Jᵀ{g}"


@product.register
def _(structure: kinds.WeightedCentering, g: str, state: dict[str, Any]) -> str:
    s = _symbol(structure.s, state)
    total = structure.axis.sum(structure.s)
    mean = f"⟨{s},{g}⟩" + ("" if np.allclose(total[total != 0], 1) else f"/Σ{s}")
    return f"{s}∘({g} − {mean})"


@product.register
def _(structure: kinds.Centering, g: str, state: dict[str, Any]) -> str:
    return f"{g} − {_symbol(structure.p, state)} Σ{g}"


@product.register
def _(structure: kinds.Functional, g: str, state: dict[str, Any]) -> str:
    return _times(_symbol(structure.p, state), g)


@product.register
def _(structure: kinds.Diagonal, g: str, state: dict[str, Any]) -> str:
    term = _times(_symbol(structure.d, state), g)
    return term if structure.shape in (None, np.shape(structure.d)) else f"Σ({term})"


@product.register
def _(structure: kinds.Product, g: str, state: dict[str, Any]) -> str:
    return product(structure.inner, f"({product(structure.outer, g, state)})", state)


@product.register
def _(structure: kinds.Sum, g: str, state: dict[str, Any]) -> str:
    return " + ".join(product(term, g, state) for term in structure.terms)


@product.register
def _(structure: kinds.Transpose, g: str, state: dict[str, Any]) -> str:
    if isinstance(structure.of, (kinds.WeightedCentering, kinds.Diagonal)):
        return product(structure.of, g, state)
    return f"J {g}"


def _times(symbol: str, g: str) -> str:
    if symbol in ("1", "−1"):
        return symbol.removesuffix("1") + g
    return f"{symbol}·{g}" if symbol[-1].isdigit() else f"{symbol}∘{g}"


def _symbol(array: np.ndarray, state: dict[str, Any]) -> str:
    """Return an array's name in the record, or its one value, or what it does."""
    values = np.unique(array) if array.size <= 4096 else np.unique(array.flat[:4096])
    if values.size == 1:
        return f"{values[0]:.4g}".replace("-", "−")
    named = next((name for name, value in state.items() if value is array), None)
    if named is not None:
        return named
    return "mask" if np.isin(values, (0, 1)).all() else "w"
