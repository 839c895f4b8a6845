"""Every combination of the options of every function, against plain torch operations.

Value, gradient and Hessian products by every input, and ``gradcheck`` and ``gradgradcheck`` in all
their modes, for the full product; the latter entry by entry and on larger rows for every option by
itself, along random directions (``fast_mode``) in the product.
"""

from itertools import islice

import pytest
from support.cases import FUNCTIONS, Case, cases, combinations, make, singles
from support.libraries import TORCH

torch = pytest.importorskip("torch")

from support.plain import PLAIN  # noqa: E402

CHUNK = 256
CHUNKS = [
    pytest.param(f, start, id=f"{f.name}-{start}")
    for f in FUNCTIONS.values()
    for start in range(0, len(list(combinations(f))), CHUNK)
]


def inputs(case: Case, shape: tuple[int, ...] = (3, 4), seed: int = 0) -> tuple[dict, tuple]:
    """Return torch arguments and the differentiable ones among them."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    args = case.args(x.numpy(), seed)
    wrt = case.wrt(args)
    if case.target == "index":
        args["target"][0] = args["target"].max()
    args = make(TORCH, args, "float64")
    for name in wrt:
        args[name].requires_grad_()
    return args, wrt


def gradients(f, args: dict, wrt: tuple) -> list:
    y = f(**args)
    g = torch.linspace(0.5, 1.5, max(y.numel(), 1), dtype=y.dtype).reshape(y.shape)
    g = torch.where(y.detach().isfinite(), g, 0)  # the log of a masked probability is −∞
    x = [args[k] for k in wrt]
    first = torch.autograd.grad(y, x, g, create_graph=True)
    mixed = sum((torch.linspace(1.0, 2.0, d.numel()) * d.reshape(-1)).sum() for d in first)
    second = torch.autograd.grad(mixed, x, allow_unused=True, materialize_grads=True)
    return [y.detach(), *(d.detach() for d in first), *second]


def test_the_product_is_full():
    """cross_entropy: 2·3·2·2·2·2·2·3·… combinations, none of them picked by hand."""
    assert len(list(combinations(FUNCTIONS["cross_entropy"]))) == 1728
    assert len(list(combinations(FUNCTIONS["binary_cross_entropy"]))) == 576


@pytest.mark.parametrize(("f", "start"), CHUNKS)
def test_derivatives_of_every_combination(f, start):
    wrong = []
    for case in islice(combinations(f), start, start + CHUNK):
        args, wrt = inputs(case)
        ours = gradients(case.function, args, wrt)
        theirs = gradients(PLAIN[case.function.name], args, wrt)
        if not all(
            torch.allclose(a, b, rtol=1e-9, atol=1e-10) for a, b in zip(ours, theirs, strict=True)
        ):
            wrong.append(str(case))
    assert not wrong


def call_of(case: Case, args: dict, wrt: tuple):
    """Return the function of its differentiable inputs alone, and them.

    Finite differences see infinities where a masked class is concerned: its log-probability, and
    the loss if it is asked for. They are kept out.
    """
    rest = {k: v for k, v in args.items() if k not in wrt}

    def call(*x):
        given = dict(zip(wrt, x, strict=True))
        if case.target == "soft" and "where" in rest:
            given["target"] = given["target"] * rest["where"]
        y = case.function(**rest, **given)
        return torch.where(masked, 0.0, y)

    masked = case.function(**args).detach().isinf()
    return call, tuple(args[k] for k in wrt)


def check(case: Case, shape: tuple[int, ...] = (2, 3), *, fast: bool = False) -> None:
    """Run gradcheck and gradgradcheck in every mode."""
    call, x = call_of(case, *inputs(case, shape))
    assert torch.autograd.gradcheck(
        call,
        x,
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
        fast_mode=fast,
    )
    assert torch.autograd.gradgradcheck(
        call,
        x,
        check_fwd_over_rev=True,
        check_rev_over_rev=True,
        check_batched_grad=True,
        fast_mode=fast,
    )


@pytest.mark.parametrize("case", cases(singles), ids=str)
def test_gradcheck_of_every_option(case):
    check(case)


FEW = 32
FEWS = [
    pytest.param(f, start, id=f"{f.name}-{start}")
    for f in FUNCTIONS.values()
    for start in range(0, len(list(combinations(f))), FEW)
]


@pytest.mark.parametrize(("f", "start"), FEWS)
def test_gradcheck_of_every_combination(f, start):
    for case in islice(combinations(f), start, start + FEW):
        check(case, (2, 3), fast=True)
