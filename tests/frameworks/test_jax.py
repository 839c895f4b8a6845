"""JAX: every transform and composition agrees with softgrad's calculus, with x64 on and off."""

import numpy as np
import pytest
from support.cases import Case, bare, cases, make, singles
from support.libraries import JAX32, JAX64, numbers

import softgrad

jax = pytest.importorskip("jax")
jnp = jax.numpy

MODES = [pytest.param((JAX32, 2e-5), id="x64-off"), pytest.param((JAX64, 1e-12), id="x64-on")]
ALL_AT_ONCE = [
    case for case in cases(singles) if {"temperature", "bias", "softcap"} <= set(case.chosen)
]


@pytest.fixture(params=MODES)
def mode(request):
    """Enter a library mode; return it, its dtype and a tolerance."""
    library, tolerance = request.param
    with library.mode():
        yield library, library.dtypes[-1], tolerance


def point(case: Case, library, dtype: str):
    """Return the function of the differentiable inputs, them, tangents and the rest."""
    x = np.random.default_rng(8).normal(size=(2, 3)) * 2
    args = case.args(x, 8)
    wrt = case.wrt(args)
    given = make(library, args, dtype)
    rest = {k: v for k, v in given.items() if k not in wrt}
    inputs = tuple(given[k] for k in wrt)
    tangents = tuple(jnp.cos(a + i) for i, a in enumerate(inputs))
    call = lambda *x: case.function(**rest, **dict(zip(wrt, x, strict=True)))  # noqa: E731
    return call, inputs, tangents, wrt, rest


def near(found, expected, tolerance: float) -> None:
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", [*cases(bare), *ALL_AT_ONCE], ids=str)
def test_transforms_and_compositions(case, mode):
    library, dtype, tolerance = mode
    call, x, t, wrt, rest = point(case, library, dtype)
    given = {**rest, **dict(zip(wrt, x, strict=True))}
    y, pullback = softgrad.vjp(case.function, wrt=wrt, **given)
    live = jnp.isfinite(y)
    g = jnp.where(live, jnp.sin(1 + jnp.where(live, y, 0)), 0)
    gradient = pullback(g)
    dy = softgrad.jvp(case.function, wrt=wrt, tangent=t, **given)[1]
    hv = softgrad.hvp(case.function, wrt=wrt, tangent=t, cotangent=g, **given)
    every = tuple(range(len(x)))

    def scalar(*x):
        z = call(*x)
        return jnp.sum(g * jnp.where(live, z, 0))

    def along(*x):
        return sum(jnp.sum(a * b) for a, b in zip(jax.grad(scalar, every)(*x), t, strict=True))

    def everything(x, t):
        return {
            "value": call(*x),
            "vjp": jax.vjp(call, *x)[1](g),
            "grad": jax.grad(scalar, every)(*x),
            "jvp": jax.jvp(call, x, t)[1],
            "forward over reverse": jax.jvp(jax.grad(scalar, every), x, t)[1],
            "reverse over reverse": jax.grad(along, every)(*x),
            "reverse over forward": jax.grad(lambda *x: jax.jvp(scalar, x, t)[1], every)(*x),
        }

    expected = {
        "value": y,
        "vjp": gradient,
        "grad": gradient,
        "jvp": dy,
        "forward over reverse": hv,
        "reverse over reverse": hv,
        "reverse over forward": hv,
    }
    found = jax.jit(everything)(x, t)
    for name, result in found.items():
        try:
            near(result, expected[name], tolerance)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


@pytest.mark.parametrize("case", cases(bare), ids=str)
def test_jacobian_hessian_and_vmap(case, mode):
    library, dtype, tolerance = mode
    call, (x, *others), _, _, rest = point(case, library, dtype)
    f = lambda x: call(x, *others)  # noqa: E731
    given = {**rest, case.primary: x}
    given |= dict(zip([k for k in case.function.wrt if k == "target"], others, strict=False))
    dense = softgrad.jacobian(case.function, **given).to_dense()
    near(jax.jacrev(f)(x), dense, tolerance)
    near(jax.jacfwd(f)(x), dense, tolerance)
    t = jnp.cos(x)
    ones = jnp.ones_like(f(x))
    hv = softgrad.hvp(case.function, tangent=t, cotangent=ones, **given)
    hessian = jax.jit(jax.hessian(lambda x: f(x).sum()))(x)
    near((hessian * t).sum((-1, -2)), hv, tolerance)
    many = jnp.stack([x, -x, x + 1])
    near(jax.vmap(f)(many), jnp.stack([f(a) for a in many]), tolerance)
    slopes = jax.vmap(jax.grad(lambda x: f(x).sum()))(many)
    near(slopes, jnp.stack([jax.grad(lambda x: f(x).sum())(a) for a in many]), tolerance)


def test_a_traced_class_index_out_of_range_gives_nan(mode):
    library, dtype, _ = mode
    x = library.array(np.zeros((3, 2)), dtype)
    loss = jax.jit(lambda y: softgrad.cross_entropy(x, y, reduction="none"))
    found = numbers(loss(jnp.asarray([0, 2, -100])))
    np.testing.assert_allclose(found, [np.log(2), np.nan, 0], rtol=1e-6)
    with pytest.raises(softgrad.errors.ArgumentError, match="target"):
        softgrad.cross_entropy(x, jnp.asarray([0, 2, 1]))


def test_the_jit_cache_is_hit(mode):
    library, dtype, _ = mode
    runs = []

    @jax.jit
    def loss(x, y):
        runs.append(1)
        return softgrad.cross_entropy(x, y, label_smoothing=0.1, z_loss=1e-3)

    x = library.array(np.zeros((2, 3)), dtype)
    for i in range(3):
        loss(x + i, jnp.asarray([0, i]))
    assert len(runs) == 1


def test_gradients_flow_to_temperature_and_soft_targets(mode):
    library, dtype, _ = mode
    x = library.array(np.random.default_rng(0).normal(size=(4, 3)), dtype)
    y = jnp.ones_like(x) / 3

    def loss(temperature, y):
        return softgrad.cross_entropy(x, y, temperature=temperature)

    d_temperature, d_target = jax.grad(loss, (0, 1))(jnp.asarray(2.0, x.dtype), y)
    assert d_temperature.shape == () and d_temperature != 0
    assert d_target.shape == y.shape and bool((d_target > 0).all())
