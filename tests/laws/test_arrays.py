"""Layout, axis, dtype and library change nothing but speed; the caller's arrays are unchanged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import FUNCTIONS, Case, bare, cases, make, singles
from support.libraries import (
    JAX32,
    JAX64,
    NUMPY,
    STRICT,
    TORCH,
    library_params,
    numbers,
    rounded,
)
from support.routes import softgrad_route
from support.strategies import LAYOUTS, draws, like, seeds

BARE = cases(bare)
BY_ROW = [case for case in BARE if case.by_row]


def everything(case: Case, args: dict, seed: int = 0) -> list:
    """Return value, VJP, JVP and HVP as one list of arrays."""
    wrt = case.wrt(args)
    rng = np.random.default_rng(seed)
    t = tuple(like(rng, args[k]) for k in wrt)
    g = like(rng, case.function(**args))
    y, vjp, dy, hvp = softgrad_route(case.function, args, wrt, t, g)
    return [y, *vjp, dy, *hvp]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", cases(singles), ids=str)
def test_layout(case, layout):
    """Any layout gives the same numbers, and no array of the caller's is changed."""
    args = case.args(draws(3, (2, 3, 4)))
    laid = {k: LAYOUTS[layout](v) if np.ndim(v) else v for k, v in args.items()}
    before = {k: v.copy() for k, v in laid.items() if isinstance(v, np.ndarray)}
    found = everything(case, laid)
    for name, array in before.items():
        assert array.tobytes() == laid[name].tobytes(), f"{name} was changed"
    for a, b in zip(found, everything(case, args), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("library", library_params(TORCH, JAX64, STRICT, dtypes=False))
@pytest.mark.parametrize("case", cases(singles), ids=str)
def test_library(case, library):
    """Every library gives NumPy's numbers, in arrays of its own kind, and changes none of ours."""
    dtype = "float64"
    args = case.args(draws(3, (2, 4)))
    wrt = case.wrt(args)
    rng = np.random.default_rng(0)
    t = tuple(like(rng, args[k]) for k in wrt)
    g = like(rng, case.function(**args))
    with library.mode():
        given = make(library, args, dtype)
        directions = tuple(library.array(a, dtype) for a in t)
        y, vjp, dy, hvp = softgrad_route(case.function, given, wrt, directions, library.array(g))
        for a, b in zip([y, *vjp, dy, *hvp], everything(case, args), strict=True):
            assert type(a) is type(given[case.primary])
            np.testing.assert_allclose(numbers(a), b, rtol=1e-12, atol=1e-13)
        for name, array in args.items():
            if isinstance(array, np.ndarray):
                np.testing.assert_array_equal(numbers(given[name]), array)


@pytest.mark.parametrize("case", BY_ROW, ids=str)
@settings(max_examples=15)
@given(
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple),
    seed=seeds,
    data=st.data(),
)
def test_axis(case, shape, seed, data):
    """f along any axis is f along the last one, with the axes moved."""
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    args = case.args(draws(seed, shape), seed)
    expected = everything(case, args, seed)
    moved = {
        k: np.moveaxis(v, -1, axis) if np.shape(v) == shape else v for k, v in args.items()
    } | {"axis": axis}
    wrt = case.wrt(args)
    rng = np.random.default_rng(seed)

    def along(a: np.ndarray) -> np.ndarray:
        return np.moveaxis(a, -1, axis) if a.shape == shape else a

    t = tuple(along(like(rng, args[k])) for k in wrt)
    g = along(like(rng, expected[0]))
    y, vjp, dy, hvp = softgrad_route(case.function, moved, wrt, t, g)
    for a, b in zip([y, *vjp, dy, *hvp], expected, strict=True):
        np.testing.assert_allclose(a, along(b), rtol=1e-12, atol=1e-13)


HALF = [(lib, d) for lib in (NUMPY, TORCH, JAX32, JAX64) for d in ("float16", "bfloat16")]


@pytest.mark.parametrize(("library", "dtype"), HALF, ids=lambda v: getattr(v, "name", v))
@pytest.mark.parametrize("case", BARE, ids=str)
def test_half_precision_is_float32_rounded_once(case, library, dtype):
    x = rounded(draws(11, (4, 6)), dtype)
    args = case.args(x)
    args = {
        k: rounded(v, dtype) if np.ndim(v) and v.dtype.kind == "f" else v for k, v in args.items()
    }
    wrt = case.wrt(args)
    with library.mode():
        narrow, wide = make(library, args, dtype), make(library, args, "float32")
        y = case.function(**narrow)
        g = np.ones(tuple(y.shape))
        t = {
            d: tuple(library.array(np.ones_like(args[k]), d) for k in wrt)
            for d in (dtype, "float32")
        }
        found = softgrad_route(case.function, narrow, wrt, t[dtype], library.array(g, dtype))
        exact = softgrad_route(case.function, wide, wrt, t["float32"], library.array(g, "float32"))
        for a, b in zip(_flat(found), _flat(exact), strict=True):
            assert str(a.dtype).endswith(dtype)
            np.testing.assert_array_equal(numbers(a), rounded(numbers(b), dtype))


def _flat(products: tuple) -> list:
    y, vjp, dy, hvp = products
    return [y, *vjp, dy, *hvp]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_result_dtype_is_that_of_the_logits(name):
    f = FUNCTIONS[name]
    x = np.zeros((2, 3), np.float16)
    extra = {"target": np.zeros((2, 3), np.float64)} if "target" in f.parameters else {}
    assert f(x, **extra, bias=np.zeros(3, np.float64)).dtype == np.float16
