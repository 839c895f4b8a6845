"""torch: a member's solve as an ``autograd.Function`` whose derivative is written in its outputs.

The backward pass reads the saved outputs, which carry their own graph, and uses plain torch
operations; so double backward, forward mode, ``torch.func`` and every higher order follow from
the member's structures. ``torch.compile`` cannot read a Function with a ``jvp`` nor softgrad's own
bookkeeping; it is told to take each call of a softgrad function as one node, into which only the
later stages look, which see plain tensor operations and fuse them.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch

from softgrad._array import Array, readable
from softgrad.axis import Axis
from softgrad.backends import at_once
from softgrad.declare import Member
from softgrad.declare.registry import declared

__all__ = ["opaque", "solve", "solve_value"]


def _run(name: str, args: tuple, kwargs: Mapping[str, Any]) -> torch.Tensor:
    return declared()[name].run(args, kwargs)


opaque: Callable[..., Any] = torch.compiler.allow_in_graph(_run)  # pyrefly: ignore
"""Run a declared function inside a graph that ``torch.compile`` is building."""


def solve(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's fields, differentiable by torch."""
    if _is_plain(operands):
        return at_once.solve(member, axis, operands, constants)
    if _forward_over_forward():
        raise RuntimeError(
            "torch loses tangents in forward mode over forward mode, for every autograd.Function, "
            "and would return a wrong second derivative: use torch.func.hessian, which is forward "
            "over reverse, or softgrad.hvp"
        )
    function = _bind(member)
    if _is_wrapped(operands):
        return function.apply(axis, constants, *operands)
    # what Function.apply does next, without binding the arguments to a signature it reads anew
    apply = super(torch.autograd.Function, function).apply  # pyrefly: ignore
    return apply(axis, constants, *operands)


def solve_value(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's value, and perhaps fields behind it."""
    if _is_plain(operands):
        return at_once.solve_value(member, axis, operands, constants)
    return solve(member, axis, operands, constants)


def _is_plain(operands: tuple[Array | None, ...]) -> bool:
    """Tell whether nobody differentiates or traces."""
    return all(t is None or readable(t) for t in operands)


def _is_wrapped(operands: tuple[Array | None, ...]) -> bool:
    """Tell whether torch.func transforms the call, or did so with a tensor that outlived it."""
    inner = torch._C
    if inner._are_functorch_transforms_active():
        return True
    return any(t is not None and inner._functorch.is_functorch_wrapped_tensor(t) for t in operands)


def _forward_over_forward() -> bool:
    """Tell whether ``torch.func.jvp`` is nested in itself."""
    stack = torch._C._functorch.get_interpreter_stack() or ()
    kinds = [interpreter.key() for interpreter in stack]
    return kinds.count(torch._C._functorch.TransformType.Jvp) > 1


@lru_cache(maxsize=256)
def _bind(member: Member) -> type[torch.autograd.Function]:
    class Solve(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(axis: Axis | None, constants: Mapping[str, Any], *operands: Any) -> tuple:
            return at_once.solve(member, axis, operands, constants)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
            ctx.axis, ctx.constants, *operands = inputs
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(*operands, *output)
            ctx.save_for_forward(*operands, *output)

        @staticmethod
        def backward(ctx: Any, *cotangents: torch.Tensor | None) -> tuple:
            given = {k: g for k, g in zip(member.fields, cotangents, strict=True) if g is not None}
            needed = ctx.needs_input_grad[2:]
            wanted = tuple(k for k, need in zip(member.inputs, needed, strict=False) if need)
            gradient = member.cotangent(_state(ctx), given, wanted)
            return (None, None, *(gradient.get(name) for name in member.operands))

        @staticmethod
        def jvp(ctx: Any, *grad_inputs: Any) -> tuple:
            named = zip(member.inputs, grad_inputs[2:], strict=False)
            return member.tangent(_state(ctx), {k: t for k, t in named if t is not None})

    def _state(ctx: Any) -> Any:
        saved = ctx.saved_tensors
        split = len(member.operands)
        return member.state(ctx.axis, saved[:split], ctx.constants, saved[split:])

    Solve.__name__ = Solve.__qualname__ = f"softgrad_{member.name}"
    return Solve
