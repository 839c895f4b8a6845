"""Linear algebra that every derivative obeys, for random shapes, axes and options."""

import numpy as np
import pytest
from hypothesis import given, settings
from support.cases import Case, cases, singles
from support.strategies import draws, like, seeds, shapes

import softgrad

CASES = cases(singles)
close = dict(rtol=1e-11, atol=1e-11)


def point(case: Case, shape: tuple[int, ...], seed: int) -> tuple[dict, tuple, list, np.ndarray]:
    """Return arguments, differentiable inputs, one tangent for each and a cotangent."""
    args = case.args(draws(seed, shape), seed)
    wrt = case.wrt(args)
    rng = np.random.default_rng(seed)
    y = case.function(**args)
    return args, wrt, [like(rng, args[k]) for k in wrt], like(rng, y)


@pytest.mark.parametrize("case", CASES, ids=str)
@settings(max_examples=8)
@given(shape=shapes, seed=seeds)
def test_products(case, shape, seed):
    """VJP and JVP are adjoint, J is linear, and the Hessian of ⟨g, f⟩ is symmetric."""
    f = case.function
    args, wrt, t, g = point(case, shape, seed)
    _, pullback = softgrad.vjp(f, wrt=wrt, **args)
    _, push = softgrad.linearize(f, wrt=wrt, **args)
    dy = push(tuple(t))
    back = sum((a * b).sum() for a, b in zip(pullback(g), t, strict=True))
    np.testing.assert_allclose((g * dy).sum(), back, **close)
    np.testing.assert_array_equal(dy, softgrad.jvp(f, wrt=wrt, tangent=tuple(t), **args)[1])

    other = [like(np.random.default_rng(seed + 1), a) for a in t]
    mixed = push(tuple(2 * a - 3 * b for a, b in zip(t, other, strict=True)))
    np.testing.assert_allclose(mixed, 2 * dy - 3 * push(tuple(other)), **close)

    def hvp(u: list) -> tuple:
        return softgrad.hvp(f, wrt=wrt, tangent=tuple(u), cotangent=g, **args)

    across = sum((a * b).sum() for a, b in zip(other, hvp(t), strict=True))
    back = sum((a * b).sum() for a, b in zip(t, hvp(other), strict=True))
    np.testing.assert_allclose(across, back, **close)


@pytest.mark.parametrize("case", CASES, ids=str)
@settings(max_examples=5)
@given(shape=shapes, seed=seeds)
def test_views_of_the_jacobian_agree(case, shape, seed):
    f = case.function
    args, wrt, t, g = point(case, shape, seed)
    for name, t_, J in zip(wrt, t, softgrad.jacobian(f, wrt=wrt, **args), strict=True):
        dense = J.to_dense()
        assert dense.shape == g.shape + t_.shape
        flat = dense.reshape(J.shape)
        np.testing.assert_allclose((J @ t_).ravel(), flat @ t_.ravel(), **close)
        np.testing.assert_allclose((J.T @ g).ravel(), g.ravel() @ flat, **close)
        np.testing.assert_allclose((g @ J).ravel(), g.ravel() @ flat, **close)
        np.testing.assert_allclose(J.T.to_dense().reshape(J.shape[::-1]), flat.T, **close)
        operator = J.as_linear_operator()
        np.testing.assert_allclose(operator.matvec(t_.ravel()), flat @ t_.ravel(), **close)
        np.testing.assert_allclose(operator.rmatvec(g.ravel()), g.ravel() @ flat, **close)
        assert J.rank() == np.linalg.matrix_rank(flat, tol=1e-9)
        if g.shape == t_.shape and name == wrt[0]:
            np.testing.assert_allclose(J.diagonal().ravel(), np.diagonal(flat), **close)
            np.testing.assert_allclose(J.trace(), np.trace(flat), **close)
        if case.by_row and name == wrt[0]:
            np.testing.assert_allclose(J.blocks(), blocks_of(dense, g.ndim), **close)


def blocks_of(dense: np.ndarray, outputs: int) -> np.ndarray:
    """Return the diagonal blocks, rows along the last axis, of a dense Jacobian."""
    inputs = dense.ndim - outputs
    batch = inputs - 1
    for _ in range(batch):
        dense = np.diagonal(dense, axis1=0, axis2=outputs)
        outputs -= 1
    return np.moveaxis(dense, range(-batch, 0), range(batch)) if batch else dense
