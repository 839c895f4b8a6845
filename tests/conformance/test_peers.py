"""What torch, SciPy and JAX also have means the same here, values and gradients."""

from itertools import product

import numpy as np
import pytest
from scipy import special
from support.libraries import numbers

import softgrad

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
F = torch.nn.functional

close = dict(rtol=1e-12, atol=1e-13)
TOLERANCE = 1e-10  # theirs: exp(x)/Σ and log p lose digits where ours do not


def gradients(loss, *inputs) -> list:
    """Return a loss's value and gradients, ones as the upstream gradient."""
    inputs = [a.detach().clone().requires_grad_() for a in inputs]
    y = loss(*inputs)
    return [y.detach(), *torch.autograd.grad(y.sum(), inputs)]


CROSS_ENTROPY = list(
    product(("index", "soft"), (False, True), (0.0, 0.1, 1.0), (-100, 1), ("mean", "sum", "none"))
)


@pytest.mark.parametrize(("kind", "weighted", "smoothing", "ignore", "reduction"), CROSS_ENTROPY)
@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 3), (4,)], ids=str)
def test_cross_entropy_is_torchs(shape, kind, weighted, smoothing, ignore, reduction):
    rng = np.random.default_rng(1)
    axis = 0 if len(shape) == 1 else 1
    classes = shape[axis]
    rows = tuple(n for i, n in enumerate(shape) if i != axis)
    x = torch.tensor(rng.normal(size=shape) * 3)
    y = torch.tensor(rng.integers(0, classes, rows) if kind == "index" else rng.uniform(size=shape))
    if kind == "index" and y.numel() > 1:
        y.view(-1)[0] = ignore
    weight = torch.tensor(rng.uniform(0.1, 2, classes)) if weighted else None
    options = dict(weight=weight, label_smoothing=smoothing, reduction=reduction)
    if kind == "index":
        options["ignore_index"] = ignore
    inputs = (x, y) if kind == "soft" else (x,)
    rest = () if kind == "soft" else (y,)
    ours = gradients(lambda *a: softgrad.cross_entropy(*a, *rest, axis=axis, **options), *inputs)
    theirs = gradients(lambda *a: F.cross_entropy(*a, *rest, **options), *inputs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, **close)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("weighted", "positive"), list(product((False, True), repeat=2)))
def test_binary_cross_entropy_is_torchs(weighted, positive, reduction):
    rng = np.random.default_rng(2)
    x, y = torch.tensor(rng.normal(size=(3, 4)) * 3), torch.tensor(rng.uniform(size=(3, 4)))
    options = dict(
        weight=torch.tensor(rng.uniform(size=(3, 4))) if weighted else None,
        pos_weight=torch.tensor(rng.uniform(1, 3, 4)) if positive else None,
        reduction=reduction,
    )
    ours = gradients(lambda x, y: softgrad.binary_cross_entropy(x, y, **options), x, y)
    theirs = gradients(lambda x, y: F.binary_cross_entropy_with_logits(x, y, **options), x, y)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, **close)


PEERS = {
    "softmax": (F.softmax, special.softmax, jax.nn.softmax),
    "log_softmax": (F.log_softmax, special.log_softmax, jax.nn.log_softmax),
    "logsumexp": (torch.logsumexp, special.logsumexp, jax.nn.logsumexp),
    "sigmoid": (torch.sigmoid, special.expit, jax.nn.sigmoid),
    "log_sigmoid": (F.logsigmoid, special.log_expit, jax.nn.log_sigmoid),
    "softplus": (
        lambda x: F.softplus(x, threshold=800),
        lambda x: np.logaddexp(0, x),
        jax.nn.softplus,
    ),
}


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", PEERS)
def test_functions_are_those_of_torch_scipy_and_jax(name, axis):
    x = np.random.default_rng(3).normal(size=(3, 4)) * 3
    f = getattr(softgrad, name)
    by_row = "axis" in f.parameters
    with jax.enable_x64(True):
        for peer, make, keyword in zip(
            PEERS[name],
            (torch.tensor, np.array, jax.numpy.asarray),
            ("dim", "axis", "axis"),
            strict=True,
        ):
            where, theirs = ({"axis": axis}, {keyword: axis}) if by_row else ({}, {})
            ours = numbers(f(make(x), **where))
            np.testing.assert_allclose(ours, numbers(peer(make(x), **theirs)), rtol=TOLERANCE)


@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_keeps_dimensions_as_scipy_does(keepdims):
    x = np.random.default_rng(4).normal(size=(2, 3, 4))
    for axis in range(3):
        ours = softgrad.logsumexp(x, axis, keepdims=keepdims)
        np.testing.assert_allclose(ours, special.logsumexp(x, axis, keepdims=keepdims), rtol=1e-14)


def supports(n: int):
    """Yield every non-empty set of positions of n entries as a mask."""
    for bits in range(1, 2**n):
        yield np.array([bits >> i & 1 for i in range(n)], dtype=bool)


def brute_force(x: np.ndarray, alpha: float) -> np.ndarray:
    """Return entmax by trying every support: τ in closed form for α = 2 and 1.5."""
    z = (alpha - 1) * x
    for on in supports(x.size):
        k, mean = on.sum(), z[on].mean()
        if alpha == 2:
            tau = mean - 1 / k
        else:
            inside = mean**2 - ((z[on] ** 2).sum() - 1) / k
            if inside < 0:
                continue
            tau = mean - np.sqrt(inside)
        if ((z > tau) == on).all():
            return np.where(on, z - tau, 0) ** (1 / (alpha - 1))
    raise AssertionError("no support is consistent")


@pytest.mark.parametrize("alpha", [1.5, 2.0])
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_entmax_is_its_closed_form(alpha, scale):
    rng = np.random.default_rng(6)
    for _ in range(20):
        x = scale * rng.normal(size=rng.integers(1, 7))
        expected = brute_force(x, alpha)
        np.testing.assert_allclose(softgrad.entmax(x, alpha), expected, rtol=1e-9, atol=1e-13)
        if alpha == 2:
            np.testing.assert_allclose(softgrad.sparsemax(x), expected, rtol=1e-9, atol=1e-13)


def test_entmax_of_one_is_softmax_and_of_many_alphas_lies_on_the_simplex():
    x = np.random.default_rng(7).normal(size=(5, 6))
    np.testing.assert_array_equal(softgrad.entmax(x, 1.0), softgrad.softmax(x))
    for alpha in (1.01, 1.2, 1.7, 2.5, 4.0, 10.0):
        p = softgrad.entmax(x, alpha)
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
