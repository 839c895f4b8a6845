"""A recorded call as a function of its tensors, for the checker."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from softgrad.audit.torch.tape import Call, tensors

__all__ = ["Effects", "Replay", "made", "replay", "widened"]


@dataclass(frozen=True)
class Effects:
    """What a call did when it was made.

    Parameters
    ----------
    returned
        For each leaf of the output, whether it is differentiable.
    changed
        For each leaf of the arguments, whether it was written into.
    kept
        For each leaf of the arguments, whether it was written into and is differentiable since.
    """

    returned: tuple[bool, ...]
    changed: tuple[bool, ...]
    kept: tuple[bool, ...]

    @property
    def differentiable(self) -> bool:
        """Whether any result depends differentiably on the arguments."""
        return any(self.returned) or any(self.kept)


@dataclass(frozen=True)
class Replay:
    """A function of named inputs, an example, and the names of the differentiable ones."""

    function: Callable
    inputs: Mapping[str, Any]
    wrt: tuple[str, ...]


def made(call: Call) -> tuple[Any, Effects]:
    """Make a call; return what it returned, and what it did."""
    given = _leaves(call.args, call.kwargs)
    before = [_version(leaf) for leaf in given]
    nodes = [getattr(leaf, "grad_fn", None) for leaf in given]
    output = call.function(*call.args, **call.kwargs)
    changed = tuple(old != _version(leaf) for old, leaf in zip(before, given, strict=True))
    own = {id(leaf) for leaf in given}
    returned = tuple(_required(leaf) and id(leaf) not in own for leaf in tree_leaves(output))
    triples = zip(changed, given, nodes, strict=True)
    kept = tuple(new and _required(leaf) and leaf.grad_fn is not old for new, leaf, old in triples)
    return output, Effects(returned, changed, kept)


def replay(call: Call, seen: Effects) -> Replay:
    """Return the call as a function of its arguments, which may be run again and again."""
    names, rest = _names(call)

    def function(**given: Any) -> tuple[torch.Tensor, ...]:
        args = tuple(given[name] for name in names)
        kwargs = {name: given[name] for name in rest}
        fresh = iter(seen.changed)
        args, kwargs = tree_map(lambda leaf: _fresh(leaf, next(fresh)), (args, kwargs))
        out = tree_leaves(call.function(*args, **kwargs))
        results = [leaf for leaf, asked in zip(out, seen.returned, strict=True) if asked]
        pairs = zip(_leaves(args, kwargs), seen.kept, strict=True)
        return (*results, *(leaf for leaf, asked in pairs if asked))

    inputs = dict(zip(names, call.args, strict=True)) | {n: call.kwargs[n] for n in rest}
    held = {name: _detached(value) for name, value in inputs.items()}
    return Replay(function, held, _differentiable(inputs))


def _names(call: Call) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names for the positional arguments, and those given by name."""
    names: list[str] = []
    if call.signature is not None:
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [n for n, p in call.signature.parameters.items() if p.kind in positional]
    names = [n for n in names if n not in call.kwargs][: len(call.args)]
    names += [f"argument{k}" for k in range(len(names), len(call.args))]
    return tuple(names), tuple(call.kwargs)


def _differentiable(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        name for name, value in inputs.items() if any(each.requires_grad for each in tensors(value))
    )


def _leaves(args: Any, kwargs: Any) -> list[Any]:
    return tree_leaves((args, dict(kwargs)))


def _version(leaf: Any) -> int | None:
    known = isinstance(leaf, torch.Tensor) and not leaf.is_inference()
    return leaf._version if known else None


def _required(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.requires_grad


def _fresh(leaf: Any, changed: bool) -> Any:
    return leaf.clone() if changed and isinstance(leaf, torch.Tensor) else leaf


def _detached(value: Any) -> Any:
    return tree_map(lambda leaf: leaf.detach() if isinstance(leaf, torch.Tensor) else leaf, value)


def widened(value: Any) -> Any:
    """Return containers with their floating tensors in float64, which require what those did."""

    def wide(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or not (
            leaf.is_floating_point() or leaf.is_complex()
        ):
            return leaf
        dtype = torch.complex128 if leaf.is_complex() else torch.float64
        return leaf.detach().to(dtype, copy=True).requires_grad_(leaf.requires_grad)

    return tree_map(wide, value)
