"""Members as dispatcher operators: what ``torch.library.opcheck`` asks of them."""

import pytest
from support.cases import Case, cases, make, singles
from support.libraries import TORCH

from softgrad.declare import Node
from softgrad.declare.graph import evaluate

torch = pytest.importorskip("torch")

from softgrad.backends import torch as eager  # noqa: E402
from softgrad.backends import torch_ops  # noqa: E402


def operators() -> dict[str, tuple]:
    """Return every member that the functions are made of, with arguments it is called with."""
    found: dict[str, tuple] = {}

    def note(member, axis, operands, constants):
        found.setdefault(member.name, (member, axis, operands, constants))
        return eager.solve(member, axis, operands, constants)

    for case in cases(singles):
        for call in traces(case):
            evaluate(call.root, note)
    return found


def traces(case: Case):
    x = torch.linspace(-1, 1.3, 6, dtype=torch.float64).reshape(2, 3)
    for more in ({}, {"reduction": "mean"} if "reduction" in case.function.parameters else {}):
        args = make(TORCH, {**case.args(x.numpy()), **more}, "float64")
        call = case.function.trace((), args)
        if isinstance(call.root, Node):
            yield call


FOUND = operators()


def test_every_kind_of_member_is_found():
    assert {"softmax", "log_softmax", "logsumexp", "entmax", "pair", "mix", "total"} <= set(FOUND)
    assert {"sigmoid", "log_sigmoid", "softplus", "bernoulli", "temper", "softcap"} <= set(FOUND)


@pytest.mark.parametrize("name", FOUND)
def test_opcheck(name):
    member, axis, operands, constants = FOUND[name]
    differentiable = len(member.inputs)
    operands = tuple(
        a.detach().clone().requires_grad_(i < differentiable) if a is not None else None
        for i, a in enumerate(operands)
    )
    given = torch_ops.arguments(axis, operands, constants)
    torch.library.opcheck(torch_ops.operator(member), given)


@pytest.mark.parametrize("name", FOUND)
def test_operator_gives_the_eager_numbers(name):
    member, axis, operands, constants = FOUND[name]
    given = torch_ops.arguments(axis, operands, constants)
    result = torch_ops.operator(member)(*given)
    fields = result if isinstance(result, tuple) else (result,)
    for a, b in zip(fields, eager.solve(member, axis, operands, constants), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)
