"""Where gradients stop, and where they cease to be numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from softgrad.audit.torch.tape import Call, tensors

__all__ = ["Cut", "Finite", "cut_by", "gradients", "leaves_behind", "uncut"]

_LEAVING = ("item", "tolist", "numpy", "__array__")
_DETACHING = ("detach", "detach_", "data.__get__")
_REENTRANT = "CheckpointFunctionBackward"
_SILENT = ("__get__", "size", "dim", "numel", "backward", "register_hook", "is_floating_point")


@dataclass(frozen=True, eq=False)
class Cut:
    """A call whose result no longer depends on its arguments for autograd.

    Parameters
    ----------
    call
        The call.
    reason
        What cuts.
    behind
        The arguments' nodes in the graph.
    """

    call: Call
    reason: str
    behind: tuple[Any, ...]


def cut_by(call: Call, output: Any) -> Cut | None:
    """Return how a call that is not differentiable cut its arguments off."""
    last = call.name.removesuffix(".__get__").rpartition(".")[2]
    if call.name.endswith(_SILENT) and not call.name.endswith(_DETACHING):
        return None
    results = [leaf for leaf in tree_leaves(output) if isinstance(leaf, torch.Tensor)]
    if last in _LEAVING:
        reason = f".{last}() leaves torch"
    elif not results:
        return None
    elif call.name.endswith(_DETACHING):
        reason = f".{last}{'' if last == 'data' else '()'}"
    elif not torch.is_grad_enabled():
        reason = "torch.no_grad()"
    elif not any(map(_inexact, results)):
        reason = f"{last} gives {str(results[0].dtype).removeprefix('torch.')}"
    else:
        reason = f"{call.name} declares no derivative"
    behind = tuple(_node(each) for each in tensors(call.args, call.kwargs) if each.requires_grad)
    return Cut(call, reason, behind)


def uncut(call: Call) -> Any:
    """Make a call as if nothing cut its result off."""
    if call.name.endswith(_DETACHING):
        return call.args[0]
    with torch.enable_grad():
        return call.function(*call.args, **call.kwargs)


def leaves_behind(nodes: Iterable[Any]) -> Iterator[torch.Tensor]:
    """Yield the leaves of the graph that nodes depend on."""
    found = (getattr(node, "variable", None) for node in _behind(nodes))
    yield from (leaf for leaf in found if leaf is not None)


def gradients(total: torch.Tensor, leaves: list[torch.Tensor]) -> list[torch.Tensor | None]:
    """Return a number's gradients; a reentrant checkpoint gives them to ``backward`` only."""
    if not any(node.name() == _REENTRANT for node in _behind([total.grad_fn])):
        return [*torch.autograd.grad(total, leaves, allow_unused=True)]
    for leaf in leaves:
        leaf.grad = None
    total.backward()
    found = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    return found


def _behind(nodes: Iterable[Any], ends: Iterable[Any] = ()) -> Iterator[Any]:
    """Yield the nodes of the graph that nodes depend on, themselves first, up to ``ends``."""
    waiting, seen = [*nodes], set(ends)
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting += [after for after, _ in node.next_functions]


class Finite:
    """Notices the first call with a non-finite result or gradient that it was not handed."""

    def __init__(self) -> None:
        self.forward: Call | None = None
        self.backward: Call | None = None

    def made(self, call: Call, bare: Call, output: Any) -> None:
        """Look at a call that was made, and wait for its backward pass; remember it ``bare``."""
        results = tensors(output)
        if self.forward is None and not _finite(results) and _handed_finite(call):
            self.forward = bare
        before = {_node(each) for each in tensors(call.args, call.kwargs) if each.requires_grad}
        for node in _behind([_node(each) for each in results if each.requires_grad], before):
            if not hasattr(node, "variable"):
                node.register_hook(self._watch(bare))

    def _watch(self, call: Call) -> Any:
        def hook(grad_inputs: tuple, grad_outputs: tuple) -> None:
            if self.backward is None and not _finite(grad_inputs) and _finite(grad_outputs):
                self.backward = call

        return hook


def _handed_finite(call: Call) -> bool:
    """Return whether all that a call is handed is finite, numbers too: a mask puts −∞ in place."""
    given = tree_leaves((call.args, dict(call.kwargs)))
    numbers = [each for each in given if isinstance(each, float)]
    return all(map(isfinite, numbers)) and _finite(tensors(given))


def _finite(values: Iterable[Any]) -> bool:
    return all(_is_finite(each.detach()) for each in values if isinstance(each, torch.Tensor))


def _is_finite(tensor: torch.Tensor) -> bool:
    """Look at the sum first, which takes a quarter of the time; it may overflow."""
    total = tensor.sum() if _inexact(tensor) else tensor.new_zeros(())
    return bool(torch.isfinite(total)) or bool(torch.isfinite(tensor).all())


def _inexact(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def _node(tensor: torch.Tensor) -> Any:
    """Return a tensor's node in the graph; a leaf's is what gathers its gradient."""
    if tensor.grad_fn is not None:
        return tensor.grad_fn
    with torch.enable_grad():
        node = tensor.view_as(tensor).grad_fn
    assert node is not None
    return node.next_functions[0][0]
