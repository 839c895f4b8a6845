"""Every wrong derivative of a call that its records give: by its structures, paths and options."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from softgrad.check.naming.edits import Edit, edits, plain
from softgrad.check.naming.guess import distance
from softgrad.check.naming.likeness import Edge, Gradient, Likeness, Pull
from softgrad.check.naming.options import options
from softgrad.declare import Leaf, Node
from softgrad.declare.graph import leaves
from softgrad.structure import Centering, Diagonal, Functional, Structure

__all__ = ["Fault", "called", "distinct", "faults", "sketch"]

_SKETCH = 4096


@dataclass(frozen=True)
class Fault:
    """A wrong derivative that people write.

    Parameters
    ----------
    bug
        Its name.
    label
        The edit, as a phrase.
    gradient
        From an upstream gradient to the wrong gradients by input name, at O(n).
    """

    bug: str
    label: str
    gradient: Gradient


def faults(call: Likeness) -> Iterator[Fault]:
    """Yield the wrong derivatives of a call; some may be right on a given function."""
    yield from _of_the_whole(call)
    for node, name, structure in call.nodes():
        for edit in _in_context(call, node, name, structure):
            yield _edited(call, edit.bug, edit.label, {(node, name): edit.pull})
    yield from _paths(call)
    yield from _unnormalised(call)
    for bug, label, gradient in options(call):
        yield Fault(bug, label, gradient)


def distinct(call: Likeness, g: np.ndarray) -> list[Fault]:
    """Return the faults that are wrong for ``g``, one of each that coincide."""
    with np.errstate(all="ignore"):
        seen = [sketch(call.gradient(g))]
        found = []
        for fault in faults(call):
            try:
                mark = sketch(fault.gradient(g))
            except (ValueError, IndexError):
                continue
            if all(mark.shape != s.shape or distance(s, mark) > 1e-9 for s in seen):
                seen.append(mark)
                found.append(fault)
    return found


def sketch(gradients: dict[str, np.ndarray]) -> np.ndarray:
    """Return a short vector that tells gradients apart: random signs, folded."""
    flat = np.concatenate([np.ravel(d) for d in gradients.values()])
    if flat.size <= _SKETCH:
        return flat
    signs = np.random.default_rng(flat.size).integers(0, 2, flat.size) * 2 - 1
    return np.bincount(np.arange(flat.size) % _SKETCH, signs * flat, _SKETCH)


def called(call: Likeness, node: Node) -> str:
    """Return what a node of a call is called in public."""
    return call.function.name if node is call.call.root else node.member.title or node.member.name


def _edited(call: Likeness, bug: str, label: str, instead: dict[Edge, Pull]) -> Fault:
    return Fault(bug, label, lambda g: call.gradient(g, instead))


def _of_the_whole(call: Likeness) -> Iterator[Fault]:
    """Yield what goes wrong whatever the function is."""

    def after(change: Callable[[np.ndarray], np.ndarray]) -> Gradient:
        return lambda g: {name: change(d) for name, d in call.gradient(g).items()}

    def before(change: Callable[[np.ndarray], Any]) -> Gradient:
        return lambda g: call.gradient(np.broadcast_to(change(np.asarray(g)), np.shape(g)))

    yield Fault("wrong_sign", "the sign flipped", after(lambda d: -d))
    yield Fault("wrong_constant", "a factor 2 too many", after(lambda d: 2 * d))
    yield Fault("dropped_grad", "no gradient at all", after(np.zeros_like))
    ones = before(np.ones_like)
    yield Fault("ignores_upstream", "the upstream gradient taken as 1", ones)
    if call.value.size > 1:
        first = before(lambda g: g.flat[0])
        yield Fault("upstream_collapsed", "the mean of the upstream gradient", before(np.mean))
        yield Fault("upstream_collapsed", "the first upstream entry", first)
        rows = len(call.value)
        if call.value.ndim > 1 and rows > 1:
            label = "divided by the number of samples"
            yield Fault("wrong_normalizer", label, after(lambda d: d / rows))
        with np.errstate(all="ignore"):
            sums = call.gradient(np.ones_like(call.value))
        if all(np.shape(d) == call.value.shape for d in sums.values()):
            label = "the Jacobian's columns summed"

            def summed(g: np.ndarray) -> dict[str, np.ndarray]:
                return {name: np.reshape(g, d.shape) * d for name, d in sums.items()}

            yield Fault("jacobian_summed", label, summed)


def _in_context(call: Likeness, node: Node, name: str, structure: Structure) -> Iterator[Edit]:
    """Yield the edits of one edge, named after the part it plays in the call."""
    title = called(call, node)
    words = {"J": f"{title}'s Jacobian", "f": title}
    primary = node.member.inputs[0]
    with_option = any(k in call.function.parameters for k in node.inputs if k != primary)
    parameter = node.member.linear or (name == primary and with_option)
    inner = node is not call.call.root
    if parameter and isinstance(structure, Diagonal):
        names = {"identity_jacobian": "param_ignored", "wrong_stage": "param_misapplied"}
    elif isinstance(structure, Functional) and node.member.linear:
        names = {"missing_chain_factor": "param_ignored", "wrong_variable": "param_misapplied"}
    else:
        names = {"identity_jacobian": "missing_chain_factor"} if inner else {}
        names["param_misapplied"] = "wrong_variable"
    shares = list(_shares(call, structure)) if node.member.linear else []
    listed = [edit for edit in edits(structure) if not shares or edit.bug == "wrong_normalizer"]
    listed += shares
    listed += [] if node.member.linear else _other_fields(call, node, structure)
    for edit in listed:
        yield replace(edit, bug=names.get(edit.bug, edit.bug), label=edit.label.format_map(words))


def _other_fields(call: Likeness, node: Node, structure: Structure) -> list[Edit]:
    """Return the edits that read another quantity of the node's state, or a power of it."""
    state = vars(call.states[node])
    found = []
    for field in fields(structure):  # type: ignore[arg-type]
        held = getattr(structure, field.name)
        if not isinstance(held, np.ndarray) or held.dtype.kind != "f":
            continue
        own = next((k for k, v in state.items() if v is held), field.name)
        others = {
            k: v
            for k, v in state.items()
            if isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.shape == held.shape
        }
        others |= {f"{own}²": held * held, f"√{own}": np.sqrt(np.abs(held))}
        for label, other in others.items():
            if other is not held:
                changed = replace(structure, **{field.name: other})  # type: ignore[type-var]
                found.append(
                    Edit("wrong_variable", f"{label} in place of {own} in {{J}}", plain(changed))
                )
    return found


def _shares(call: Likeness, structure: Structure) -> Iterator[Edit]:
    """Yield other divisors of a sum in which every row has the same share."""
    if not isinstance(structure, Functional) or not structure.p.size:
        return
    p = structure.p
    size = float(np.abs(p).max())
    if size == 0 or np.abs(p).min() < size:
        return
    counts = {"divided by nothing": 1, "divided by the number of all rows": p.size}
    counts["divided by the number of all entries"] = int(call.call.primary.size)
    for label, count in counts.items():
        share = replace(structure, p=p / size / count)
        yield Edit("wrong_normalizer", f"{{f}} {label}", share.rmv)


def _paths(call: Likeness) -> Iterator[Fault]:
    """Yield the call without one of several paths to the same input."""
    root = call.call.root
    reached = [leaf.name for leaf in leaves(root)]
    for node, name, structure in call.nodes():
        below = {leaf.name for leaf in leaves(node.inputs[name])}
        if any(reached.count(leaf) > 1 for leaf in below) and below < {*reached, None}:

            def nothing(g: np.ndarray, structure: Structure = structure) -> np.ndarray:
                return 0 * structure.rmv(g)

            label = f"the path through {called(call, node)} left out"
            yield _edited(call, "missing_term", label, {(node, name): nothing})

            def twice(g: np.ndarray, structure: Structure = structure) -> np.ndarray:
                return 2 * structure.rmv(g)

            label = f"the path through {called(call, node)} counted twice"
            yield _edited(call, "wrong_constant", label, {(node, name): twice})


def _unnormalised(call: Likeness) -> Iterator[Fault]:
    """Yield p − q for p Σq − q: a functional of a centring whose weights are taken to sum to 1."""
    for node, name, structure in call.nodes():
        child = node.inputs[name]
        if not isinstance(structure, Functional) or isinstance(child, Leaf):
            continue
        below = call.states[child]
        for key, centring in child.member.jacobian(below).items():
            if key not in child.inputs or not isinstance(centring, Centering):
                continue
            yield from _fused(call, (node, name), structure, (child, key), centring)


def _fused(
    call: Likeness, outer: Edge, functional: Functional, inner: Edge, centring: Centering
) -> Iterator[Fault]:
    kept: list[np.ndarray] = []
    axis = functional.axis
    total = axis.sum(functional.p)

    def remember(r: np.ndarray) -> np.ndarray:
        kept[:] = [axis.lift(r)]
        return functional.rmv(r)

    def short(h: np.ndarray) -> np.ndarray:
        return h - centring.p * kept[0]

    normal = bool(np.isclose(total[total != 0], 1).all())
    bug = "param_ignored" if normal else "param_misapplied"
    if any(leaf.name == "target" for leaf in leaves(outer[0]) if leaf.name in call.names):
        bug = "assumes_normalized_target"
    instead: dict[Edge, Pull] = {outer: remember, inner: short}
    yield _edited(call, bug, "p − q in place of p Σq − q", instead)
    mask = inner[0].inputs[inner[1]]
    if isinstance(mask, Node) and mask.member.linear and (total == 0).any():
        through = {(mask, k): lambda g: g for k in mask.inputs}
        label = "p − q also in the rows that do not count"
        yield _edited(call, "param_ignored", label, {**instead, **through})
