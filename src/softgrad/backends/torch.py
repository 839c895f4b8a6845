"""torch: a member's solve as an ``autograd.Function`` whose derivative is written in its outputs.

The backward pass reads the saved outputs, which carry their own graph, and uses plain torch
operations; so double backward, forward mode, ``torch.func`` and every higher order follow from
the member's structures. Under ``torch.compile``, which rejects a Function with a ``jvp``, the same
member runs as a custom operator (:mod:`softgrad.backends.torch_compiled`).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.declare import Member

__all__ = ["solve"]


def solve(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's fields, differentiable by torch."""
    if torch.compiler.is_compiling():
        from softgrad.backends import torch_compiled

        return torch_compiled.solve(member, axis, operands, constants)
    return _bind(member).apply(axis, constants, *operands)


@lru_cache(maxsize=256)
def _bind(member: Member) -> type[torch.autograd.Function]:
    class Solve(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(axis: Axis | None, constants: Mapping[str, Any], *operands: Any) -> tuple:
            return member.solve(member.state(axis, operands, constants))

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
        def jvp(ctx: Any, _axis: None, _constants: None, *tangents: torch.Tensor | None) -> tuple:
            named = zip(member.inputs, tangents, strict=False)
            return member.tangent(_state(ctx), {k: t for k, t in named if t is not None})

    def _state(ctx: Any) -> Any:
        saved = ctx.saved_tensors
        split = len(member.operands)
        return member.state(ctx.axis, saved[:split], ctx.constants, saved[split:])

    Solve.__name__ = Solve.__qualname__ = f"softgrad_{member.name}"
    return Solve
