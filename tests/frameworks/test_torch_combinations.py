"""Every combination of the options of every function, against plain torch operations.

Value, gradient and Hessian products by every input, in every mode that torch differentiates in, for
the full product; ``gradcheck`` and ``gradgradcheck`` in all their modes for every option by itself.
"""

from itertools import islice

import pytest
from support.cases import FUNCTIONS, Case, cases, combinations, make, singles
from support.libraries import TORCH

torch = pytest.importorskip("torch")

from support.plain import PLAIN  # noqa: E402
from torch.autograd import forward_ad  # noqa: E402

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


def ramp(like: torch.Tensor, low: float) -> torch.Tensor:
    return torch.linspace(low, low + 1, max(like.numel(), 1), dtype=like.dtype).reshape(like.shape)


def backward(f, args: dict, wrt: tuple) -> list:
    """Return value, gradient, several gradients at once, and a Hessian product."""
    y = f(**args)
    g = upstream(y)
    x = [args[k] for k in wrt]
    first = torch.autograd.grad(y, x, g, create_graph=True)
    both = torch.stack([g, upstream(y, -0.5)])
    several = torch.autograd.grad(y, x, both, is_grads_batched=True, retain_graph=True)
    mixed = sum((ramp(d, 1.0) * d).sum() for d in first)
    second = torch.autograd.grad(mixed, x, allow_unused=True, materialize_grads=True)
    return [y, *first, *several, *second]


def forward(f, args: dict, wrt: tuple) -> list:
    """Return the tangents of the value and of its gradient."""
    with forward_ad.dual_level():
        moved = args | {k: forward_ad.make_dual(args[k], ramp(args[k], -0.5)) for k in wrt}
        y = f(**moved)
        slopes = torch.autograd.grad(y, [moved[k] for k in wrt], upstream(y))
        found = [torch.where(y.isfinite(), tangent(y), 0), *map(tangent, slopes)]
        return [t.clone() for t in found]


def upstream(y: torch.Tensor, low: float = 0.5) -> torch.Tensor:
    """Return what is asked of y: nothing of the log of a masked probability, −∞."""
    return torch.where(y.detach().isfinite(), ramp(y.detach(), low), 0)


def tangent(dual: torch.Tensor) -> torch.Tensor:
    primal, found = forward_ad.unpack_dual(dual)
    return torch.zeros_like(primal) if found is None else found


def test_the_product_is_full():
    """cross_entropy: 2·3·2·2·2·2·2·3·… combinations, none of them picked by hand."""
    assert len(list(combinations(FUNCTIONS["cross_entropy"]))) == 1728
    assert len(list(combinations(FUNCTIONS["binary_cross_entropy"]))) == 576


@pytest.mark.parametrize(("f", "start"), CHUNKS)
def test_derivatives_of_every_combination(f, start):
    wrong = []
    for case in islice(combinations(f), start, start + CHUNK):
        args, wrt = inputs(case)
        plain = PLAIN[case.function.name]
        for mode in (backward, forward):
            pairs = zip(mode(case.function, args, wrt), mode(plain, args, wrt), strict=True)
            if not all(torch.allclose(a, b, rtol=1e-9, atol=1e-10) for a, b in pairs):
                wrong.append(f"{case} {mode.__name__}")
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


@pytest.mark.parametrize("case", cases(singles), ids=str)
def test_gradcheck_of_every_option(case):
    call, x = call_of(case, *inputs(case, (2, 3)))
    assert torch.autograd.gradcheck(
        call,
        x,
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
    )
    assert torch.autograd.gradgradcheck(
        call,
        x,
        check_fwd_over_rev=True,
        check_rev_over_rev=True,
        check_batched_grad=True,
    )
