"""torch: every transform, every order, compiled graphs and operators."""

from itertools import product

import numpy as np
import pytest
from support.cases import Case, bare, cases, make
from support.libraries import TORCH, numbers

import softgrad

torch = pytest.importorskip("torch")

BARE = cases(bare)
func = torch.func


def point(case: Case, shape=(3, 4), device="cpu"):
    """Return the function of the logits alone, and logits without ties."""
    x = torch.linspace(-2, 2.3, int(np.prod(shape)), dtype=torch.float64)
    x = x[torch.randperm(x.numel(), generator=torch.Generator().manual_seed(1))].reshape(shape)
    args = make(TORCH, case.args(x.numpy(), 5), "float64")
    rest = {
        k: v.to(device) if hasattr(v, "to") else v for k, v in args.items() if k != case.primary
    }
    return (lambda x: case.function(x, **rest)), x.to(device), rest


@pytest.mark.parametrize("case", BARE, ids=str)
def test_func_transforms_agree_with_the_calculus(case):
    call, x, rest = point(case)
    t = torch.cos(x)
    y, pullback = softgrad.vjp(case.function, x, **rest)
    g = torch.sin(1 + y)
    close = dict(rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(func.vjp(call, x)[1](g)[0], pullback(g), **close)
    gradient = func.grad(lambda x: (g * call(x)).sum())
    torch.testing.assert_close(gradient(x), pullback(g), **close)
    dy = softgrad.jvp(case.function, x, tangent=t, **rest)[1]
    torch.testing.assert_close(func.jvp(call, (x,), (t,))[1], dy, **close)
    dense = softgrad.jacobian(case.function, x, **rest).to_dense()
    torch.testing.assert_close(func.jacrev(call)(x), dense, **close)
    torch.testing.assert_close(func.jacfwd(call)(x), dense, **close)
    hv = softgrad.hvp(case.function, x, tangent=t, cotangent=g, **rest)
    torch.testing.assert_close(func.jvp(gradient, (x,), (t,))[1], hv, **close)
    torch.testing.assert_close(func.grad(lambda x: (gradient(x) * t).sum())(x), hv, **close)
    forward = func.grad(lambda x: (g * func.jvp(call, (x,), (t,))[1]).sum())
    torch.testing.assert_close(forward(x), hv, **close)
    hessian = func.hessian(lambda x: (g * call(x)).sum())(x)
    torch.testing.assert_close((hessian * t).sum((-1, -2)), hv, **close)


@pytest.mark.parametrize("case", BARE, ids=str)
def test_vmap_is_a_loop(case):
    call, x, _ = point(case)
    many = torch.stack([x, x.flip(0), -x])
    expected = torch.stack([call(a) for a in many])
    torch.testing.assert_close(func.vmap(call)(many), expected, rtol=1e-14, atol=1e-14)
    slopes = func.vmap(func.grad(lambda x: call(x).sum()))(many)
    single = torch.stack([func.grad(lambda x: call(x).sum())(a) for a in many])
    torch.testing.assert_close(slopes, single, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("case", BARE, ids=str)
def test_third_derivatives_are_exact(case):
    """The third derivative is the central difference of the second, in every nesting.

    torch loses a tangent where forward mode is nested in forward mode: an error may say so there.
    """
    call, x, _ = point(case, (1, 3))
    t = torch.tensor([[0.3, -1.1, 0.7]], dtype=torch.float64)
    along = lambda f: lambda x: func.jvp(f, (x,), (t,))[1]  # noqa: E731
    back = lambda f: lambda x: (func.grad(lambda x: f(x).sum())(x) * t).sum()  # noqa: E731
    scalar = lambda x: call(x).sin().sum()  # noqa: E731
    second = back(along(scalar))
    step = 1e-5
    difference = (second(x + step * t) - second(x - step * t)) / (2 * step)
    for first, middle, last in product((along, back), repeat=3):
        try:
            third = last(middle(first(scalar)))(x)
        except RuntimeError as error:
            assert [first, middle, last].count(along) > 1 and "forward" in str(error)
        else:
            torch.testing.assert_close(third, difference, rtol=1e-6, atol=1e-7)


def test_a_fourth_derivative():
    """softplus'''' = σ'''(x), from σ' = σ(1 − σ)."""
    f = softgrad.softplus
    for _ in range(4):
        f = func.grad(f)
    x = torch.tensor(0.7, dtype=torch.float64)
    s = torch.sigmoid(x)
    d = s * (1 - s)
    torch.testing.assert_close(f(x), d * (1 - 2 * s) ** 2 - 2 * d * d, rtol=1e-13, atol=0)


def test_second_backward_and_retained_graphs():
    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    y = softgrad.softmax(x)
    g = torch.randn_like(y)
    first = torch.autograd.grad(y, x, g, retain_graph=True)[0]
    torch.testing.assert_close(torch.autograd.grad(y, x, g)[0], first)
    assert y.requires_grad and not softgrad.softmax(x.detach()).requires_grad


def test_a_parameter_learns():
    """Temperature and bias are differentiable inputs, as tensors that a module owns."""
    temperature = torch.nn.Parameter(torch.tensor(2.0))
    bias = torch.nn.Parameter(torch.zeros(3))
    x, y = torch.randn(8, 3), torch.randint(0, 3, (8,))
    loss = softgrad.cross_entropy(x, y, temperature=temperature, bias=bias)
    loss.backward()
    assert temperature.grad.shape == () and bias.grad.shape == (3,)
    assert temperature.grad != 0 and (bias.grad != 0).all()


@pytest.mark.parametrize("case", BARE, ids=str)
def test_compiled_whole_graph(case):
    torch.compiler.reset()
    call, x, _ = point(case)
    compiled = torch.compile(call, fullgraph=True, backend="aot_eager")
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, z = call(a), compiled(b)
    torch.testing.assert_close(z, y, rtol=1e-13, atol=1e-14)
    g = torch.sin(1 + y.detach())
    torch.testing.assert_close(
        torch.autograd.grad(z, b, g)[0], torch.autograd.grad(y, a, g)[0], rtol=1e-13, atol=1e-14
    )


def test_compiled_double_backward_says_so():
    torch.compiler.reset()
    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    y = torch.compile(softgrad.softmax, fullgraph=True, backend="aot_eager")(x)
    g = torch.autograd.grad(y, x, torch.cos(y), create_graph=True)[0]
    with pytest.raises(RuntimeError, match="double backward"):
        torch.autograd.grad(g.sum(), x)


CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@CUDA
@pytest.mark.parametrize("case", BARE, ids=str)
def test_cuda_gives_the_cpus_numbers(case):
    call, x, _ = point(case)
    there, moved, _ = point(case, device="cuda")
    gradient = func.grad(lambda x: call(x).sin().sum())(x)
    torch.testing.assert_close(there(moved).cpu(), call(x), rtol=1e-13, atol=1e-14)
    found = func.grad(lambda x: there(x).sin().sum())(moved)
    torch.testing.assert_close(found.cpu(), gradient, rtol=1e-12, atol=1e-13)


def test_numbers_of_a_tensor_that_requires_grad():
    x = torch.ones(2, requires_grad=True)
    assert numbers(softgrad.softmax(x)).tolist() == [0.5, 0.5]
