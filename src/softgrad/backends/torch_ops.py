"""Members as dispatcher operators, ``torch.ops.softgrad.<member>``.

``torch.compile`` looks into softgrad's functions and fuses what it finds, which is what speed
wants. A graph that must keep a member whole instead (``torch.export``, a graph pass that swaps in
a kernel) calls its operator, which carries shapes for tracing and the backward pass. It has no
forward mode: torch lets no operator register one and takes its tangent as 0 without a word.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.backends import at_once
from softgrad.declare import Member

__all__ = ["arguments", "operator"]


def arguments(
    axis: Axis | None, operands: tuple[Array | None, ...], constants: Mapping[str, Any]
) -> tuple:
    """Return the arguments of a member's operator."""
    settings = {"axis": axis and [axis.dim, axis.keepdims], "constants": dict(constants)}
    return (*operands, json.dumps(settings))


def _settings(text: str) -> tuple[Axis | None, dict[str, Any]]:
    settings = json.loads(text)
    return settings["axis"] and Axis(*settings["axis"]), settings["constants"]


@lru_cache(maxsize=256)
def operator(member: Member) -> Any:
    """Return the operator of a member; it takes what :func:`arguments` returns."""

    def run(*given: Any) -> tuple[Array, ...]:
        *operands, text = given
        axis, constants = _settings(text)
        fields = at_once.solve(member, axis, tuple(operands), constants)
        return tuple(f.contiguous() for f in fields)

    def remember(ctx: Any, inputs: tuple, output: tuple) -> None:
        *operands, ctx.text = inputs
        ctx.save_for_backward(*operands, *output)

    def backward(ctx: Any, *cotangents: torch.Tensor | None) -> tuple:
        axis, constants = _settings(ctx.text)
        count = len(member.operands)
        state = member.state(axis, ctx.saved_tensors[:count], constants, ctx.saved_tensors[count:])
        given = {k: g for k, g in zip(member.fields, cotangents, strict=True) if g is not None}
        wanted = tuple(
            k for k, need in zip(member.inputs, ctx.needs_input_grad, strict=False) if need
        )
        gradient = member.cotangent(state, given, wanted)
        return (*(gradient.get(name) for name in member.operands), None)

    takes = ", ".join([*(f"Tensor? {name}" for name in member.operands), "str settings"])
    gives = ", ".join(["Tensor"] * len(member.fields))
    schema = f"({takes}) -> ({gives})" if len(member.fields) > 1 else f"({takes}) -> Tensor"
    single = len(member.fields) == 1
    body = (lambda *given: run(*given)[0]) if single else run
    op = torch.library.custom_op(f"softgrad::{member.name}", body, mutates_args=(), schema=schema)
    op.register_fake(body)
    op.register_autograd(
        backward,
        setup_context=lambda ctx, inputs, output: remember(
            ctx, inputs, (output,) if single else output
        ),
    )
    return op
