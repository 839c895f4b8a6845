"""One file is enough: a member declared here is differentiable everywhere at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import softgrad
from softgrad._array import namespace
from softgrad.axis import Axis
from softgrad.declare import Domain, Member, Node, Numerics, State, registry
from softgrad.family.premaps import ARRAYS, INPUTS, logits
from softgrad.function import Function, declare
from softgrad.oracle import Exact
from softgrad.structure import Diagonal, Product, WeightedCentering


def _solve(s: State) -> tuple[Any, ...]:
    weight = 1 + s.x + s.x**2 / 2
    return weight / s.axis.sum(weight), (1 + s.x) / weight, 1 / weight


def _define(mp: Any, x: list) -> list:
    weights = [1 + v + v * v / 2 for v in x]
    return [w / mp.fsum(weights) for w in weights]


TAYLOR = Member(
    name="taylor_softmax",
    inputs=("x",),
    fields=("p", "rate", "curve"),
    solve=_solve,
    jacobian=lambda s: {"x": Product(WeightedCentering(s.p, s.axis), Diagonal(s.rate))},
    sensitivity=lambda s: {
        "rate": {"x": Diagonal(s.curve - s.rate**2)},
        "curve": {"x": Diagonal(-s.curve * s.rate)},
        "p": {"x": Product(WeightedCentering(s.p, s.axis), Diagonal(s.rate))},
    },
    definition=_define,
)


@pytest.fixture
def taylor_softmax() -> Iterator[Function]:
    """Declare softmax with exp(x) replaced by 1 + x + x²/2 (de Brébisson and Vincent 2016)."""

    @declare(
        options=logits,
        wrt=("x", *INPUTS),
        arrays=ARRAYS,
        domain=Domain("any finite logits"),
        numerics=Numerics(value=8, derivative=32),
    )
    def taylor_softmax(x: Any, axis: int = -1, **premap: Any) -> Any:
        return Node(TAYLOR, {"x": logits(x, **premap)}, Axis.of(x.array, axis))

    yield taylor_softmax
    del registry._FUNCTIONS["taylor_softmax"]


def test_a_declared_function_has_every_derivative(taylor_softmax: Function) -> None:
    rng = np.random.default_rng(0)
    x, t, g = (rng.normal(size=(2, 4)) for _ in range(3))
    options = {"temperature": 0.7, "softcap": 2.0}
    exact = Exact(taylor_softmax, x, **options)
    y, pullback = softgrad.vjp(taylor_softmax, x, **options)
    hessian = softgrad.hvp(taylor_softmax, x, tangent=t, cotangent=g, **options)
    for found, truth in (
        (y, exact.value()),
        (pullback(g), exact.vjp(g, "x")),
        (softgrad.jvp(taylor_softmax, x, tangent=t, **options)[1], exact.jvp({"x": t})),
        (hessian, exact.hvp({"x": t}, g, "x")),
    ):
        np.testing.assert_allclose(found, truth.astype(float), rtol=1e-13, atol=1e-15)


def test_a_declared_function_is_a_citizen_of_the_frameworks(taylor_softmax: Function) -> None:
    jax = pytest.importorskip("jax")
    x = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(taylor_softmax, x, check_forward_ad=True)
    assert gradgradcheck(taylor_softmax, x, check_fwd_over_rev=True)
    with jax.enable_x64(True):
        z = jax.numpy.asarray(x.detach().numpy())
        found = jax.jacobian(taylor_softmax)(z)
        wanted = softgrad.jacobian(taylor_softmax, x.detach().numpy()).to_dense()
        np.testing.assert_allclose(found, wanted, atol=1e-14)


def test_it_is_listed_and_documents_its_options(taylor_softmax: Function) -> None:
    assert softgrad.functions()["taylor_softmax"] is taylor_softmax
    assert {"temperature", "softcap", "bias", "where"} <= set(taylor_softmax.parameters)
    assert namespace(np.ones(1)).sum(taylor_softmax(np.ones(3))) == pytest.approx(1.0)
