"""``out=``: results in the caller's arrays, with the kernels and without."""

import inspect

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch
from support.cases import FUNCTIONS, singles

import softgrad
from softgrad.errors import ArgumentError, ArgumentTypeError

CASES = [case for f in FUNCTIONS.values() for case in singles(f)]
LOSSES = [f for f in FUNCTIONS.values() if "reduction" in f.parameters]
SHAPE = (4, 6)


def _placed(y, memory, start):
    return memory[start : start + y.size].reshape(y.shape)


LAYOUTS = {
    "C": lambda y, memory: np.empty(y.shape, y.dtype),
    "Fortran": lambda y, memory: np.empty(y.shape, y.dtype, order="F"),
    "strided": lambda y, memory: np.empty((*y.shape, 2), y.dtype)[..., 1],
    "backwards": lambda y, memory: np.empty(y.size, y.dtype)[::-1].reshape(y.shape),
    "unaligned": lambda y, memory: np.empty(y.nbytes + 1, "u1")[1:].view(y.dtype).reshape(y.shape),
    "the input": lambda y, memory: _placed(y, memory, 0),
    "part of the input": lambda y, memory: _placed(y, memory, 1),
}
"""Arrays for a result like y; the logits begin the memory."""


@pytest.fixture(params=["kernels", "portable"])
def path(request, monkeypatch):
    if request.param == "portable":
        monkeypatch.setattr("softgrad.native.AVAILABLE", False)
    return request.param


def drawn(case, dtype, shape=SHAPE):
    """Return memory that begins with the logits, and the arguments."""
    rng = np.random.default_rng(0)
    memory = rng.normal(size=2 * np.prod(shape)).astype(dtype)
    args = case.args(memory[: np.prod(shape)].reshape(shape))
    return memory, args


def same(found, expected):
    np.testing.assert_array_equal(np.asarray(found, "f8"), np.asarray(expected, "f8"))


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_result_is_in_out(case, dtype, path):
    memory, args = drawn(case, dtype)
    expected, before = case.function(**args), memory.copy()
    for layout, make in LAYOUTS.items():
        memory[:] = before
        out = make(expected, memory)
        found = case.function(**args, out=out)
        assert found is out, layout
        same(out, expected)


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_gradient_is_in_out(case, dtype, path):
    memory, args = drawn(case, dtype)
    x = args.pop(case.primary)
    y = case.function(x, **args)
    g = np.random.default_rng(1).normal(size=y.shape).astype(y.dtype)
    expected, before = softgrad.vjp(case.function, x, **args)[1](g), memory.copy()
    for layout, make in LAYOUTS.items():
        memory[:] = before
        _, pullback = softgrad.vjp(case.function, x, **args)
        out = make(x, memory)
        assert pullback(g, out=out) is out, layout
        same(out, expected)


@pytest.mark.parametrize("f", LOSSES, ids=lambda f: f.name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16])
def test_the_gradient_of_a_loss_is_in_out(f, dtype, path):
    x = np.random.default_rng(0).normal(size=2 * 24).astype(dtype)
    memory, x = x, x[:24].reshape(SHAPE)
    target = np.arange(4) if "axis" in f.parameters else np.full(SHAPE, 0.25, dtype)
    (value, expected), before = softgrad.value_and_grad(f, x, target), memory.copy()
    for layout, make in LAYOUTS.items():
        memory[:] = before
        out = make(x, memory)
        found, gradient = softgrad.value_and_grad(f, x, target, out=out)
        assert gradient is out, layout
        same(found, value)
        same(out, expected)


def test_gradients_by_several_inputs_are_in_a_tuple(path):
    x, t = np.array([[1.0, 2.0, 4.0]]), np.array(2.0)
    _, pullback = softgrad.vjp(softgrad.softmax, x, temperature=t, wrt=("x", "temperature"))
    g = np.array([[1.0, 0.0, 0.0]])
    expected = pullback(g)
    out = np.empty_like(x), np.empty_like(t)
    assert all(a is b for a, b in zip(pullback(g, out=out), out, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(out, expected, strict=True))
    by_x, by_t = pullback(g, out=(None, out[1]))
    assert by_t is out[1] and np.array_equal(by_x, expected[0])
    for wrong in (out[0], out[:1], list(out)):
        with pytest.raises(ArgumentTypeError, match="out must be a tuple of 2"):
            pullback(g, out=wrong)


def test_a_cotangent_may_lie_where_the_gradient_goes(path):
    x, memory = np.array([[1.0, 2.0, 4.0]]), np.array([1.0, 0.0, 0.0, 5.0])
    _, pullback = softgrad.vjp(softgrad.softmax, x)
    expected = pullback(memory[:3].reshape(1, 3).copy())
    for start in (1, 0):
        memory[:] = 1, 0, 0, 5
        out = memory[start : start + 3].reshape(1, 3)
        np.testing.assert_array_equal(pullback(memory[:3].reshape(1, 3), out=out), expected)


X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
READ_ONLY = X.copy()
READ_ONLY.flags.writeable = False

WRONG = {
    "a list": (X.tolist(), ArgumentTypeError, "out must be an array; got list"),
    "another shape": (np.empty((3, 2), "f4"), ArgumentError, r"out must have shape \(2, 3\)"),
    "one that broadcasts": (np.empty((1, 2, 3), "f4"), ArgumentError, "out must have shape"),
    "another dtype": (np.empty((2, 3)), ArgumentError, "out must have dtype float32; got float64"),
    "integers": (np.empty((2, 3), int), ArgumentError, "out must have dtype float32; got int64"),
    "read-only": (READ_ONLY, ArgumentError, "out cannot be written to: .* read-only"),
    "a tensor": (torch.empty(2, 3), ArgumentTypeError, "out must be a numpy array, .* got torch"),
    "JAX's": (jnp.ones((2, 3)), ArgumentTypeError, "out must be a numpy array, .* got jax"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_hold_the_result_is_refused_and_left_alone(wrong, path):
    out, error, message = WRONG[wrong]
    before = np.asarray(out).copy()
    target = np.array([0, 2])
    for call in (
        lambda: softgrad.softmax(X, out=out),
        lambda: softgrad.softmax(X, temperature=2.0, out=out),
        lambda: softgrad.vjp(softgrad.softmax, X)[1](X, out=out),
        lambda: softgrad.value_and_grad(softgrad.cross_entropy, X, target, out=out),
    ):
        with pytest.raises(error, match=message):
            call()
    np.testing.assert_array_equal(np.asarray(out), before)


def test_a_jax_array_cannot_be_written_to():
    x = jnp.ones((2, 3))
    with pytest.raises(ArgumentTypeError, match="out cannot be given for JAX"):
        softgrad.softmax(x, out=x)
    with pytest.raises(ArgumentTypeError, match="out cannot be given for JAX"):
        softgrad.softmax(x, out=np.empty((2, 3)))
    with pytest.raises(ArgumentTypeError, match="out cannot be given for JAX"):
        softgrad.vjp(softgrad.softmax, x)[1](x, out=x)


class TestTorch:
    @pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
    @pytest.mark.parametrize("name", ["softmax", "entmax", "sigmoid", "logsumexp"])
    def test_the_result_is_in_out(self, name, dtype, path):
        f = FUNCTIONS[name]
        x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
        expected = f(x)
        every_other = torch.empty(*expected.shape, 2, dtype=x.dtype)[..., 0]
        inside = x.reshape(-1)[: expected.numel()].reshape(expected.shape)
        for out in (torch.empty_like(expected), every_other, inside):
            version = out._version
            assert f(x, out=out) is out
            assert torch.equal(out, expected) and out._version == version + 1

    def test_gradients(self, path):
        x, target = torch.randn(4, 6), torch.arange(4)
        out = torch.empty_like(x)
        _, expected = softgrad.value_and_grad(softgrad.cross_entropy, x, target)
        _, gradient = softgrad.value_and_grad(softgrad.cross_entropy, x, target, out=out)
        assert gradient is out and torch.equal(out, expected)
        _, pullback = softgrad.vjp(softgrad.softmax, x)
        assert pullback(x, out=out) is out and torch.equal(out, pullback(x))

    def test_there_is_no_derivative_through_out(self, path):
        x, out = torch.ones(2, 3), torch.ones(2, 3)
        for a, b in ((x.clone().requires_grad_(), out), (x, out.clone().requires_grad_())):
            with pytest.raises(ArgumentError, match=r"out cannot be given where .* requires grad"):
                softgrad.softmax(a, out=b)
            with torch.no_grad():
                assert softgrad.softmax(a, out=b) is b
                assert torch.equal(b, softgrad.softmax(a))

    def test_overwriting_what_a_backward_pass_needs_is_noticed(self, path):
        y = torch.ones(2, 3, requires_grad=True).exp()
        with torch.no_grad():
            softgrad.softmax(torch.ones(2, 3), out=y)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()

    @pytest.mark.parametrize(
        ("out", "error", "message"),
        [
            (torch.empty(3, 2), ArgumentError, "out must have shape"),
            (torch.empty(2, 3).double(), ArgumentError, "out must have dtype"),
            (torch.empty(2, 3, device="meta"), ArgumentError, "out must be on cpu; got meta"),
            (X, ArgumentTypeError, "out must be a torch array, as the input is; got numpy"),
        ],
    )
    def test_what_cannot_hold_the_result(self, out, error, message, path):
        with pytest.raises(error, match=message):
            softgrad.softmax(torch.ones(2, 3), out=out)

    def test_a_compiled_program(self):
        f = torch.compile(lambda x, y: softgrad.softmax(x, out=y), fullgraph=True, backend="eager")
        x, out = torch.randn(2, 3), torch.empty(2, 3)
        f(x, out)
        assert torch.equal(out, softgrad.softmax(x))


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_function_says_so(f):
    assert inspect.signature(f).parameters["out"].default is None
    assert f.__doc__.count("\nout\n    An array to write the result to") == 1
    assert f.__doc__.index("\nout\n") < f.__doc__.index("\nReturns\n-------\n")
