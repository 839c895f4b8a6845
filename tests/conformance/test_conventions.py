"""Every convention that a function's domain states, in every library."""

from typing import Any

import numpy as np
import pytest
from support.cases import FUNCTIONS
from support.libraries import JAX32, JAX64, NUMPY, STRICT, TORCH, library_params, numbers
from support.routes import native, softgrad_route

import softgrad
from softgrad.declare import Convention

TABLE = [
    pytest.param(f, convention, id=f"{f.name}: {convention.case}")
    for f in FUNCTIONS.values()
    for convention in f.domain.conventions
]
FINITE = [p for p in TABLE if p.values[1].finite and not isinstance(p.values[1].gives, type)]


def arguments(f: Any, convention: Convention) -> dict[str, Any]:
    """Return the convention's arguments as NumPy arrays; the primary input is always one."""
    given = {}
    for name, value in convention.given.items():
        if isinstance(value, list) or name == f.wrt[0]:
            value = np.asarray(value)
        given[name] = value.astype(float) if name == f.wrt[0] else value
    return given


def converted(library: Any, args: dict[str, Any], dtype: str) -> dict[str, Any]:
    return {k: library.array(v, dtype) if isinstance(v, np.ndarray) else v for k, v in args.items()}


def test_every_function_states_conventions():
    assert all(f.domain.conventions and f.domain.accepts for f in FUNCTIONS.values())
    assert all(c.why.endswith((".", "?")) for f in FUNCTIONS.values() for c in f.domain.conventions)


@pytest.mark.parametrize(("library", "dtype"), library_params())
@pytest.mark.parametrize(("f", "convention"), TABLE)
def test_value(f, convention, library, dtype):
    with library.mode():
        args = converted(library, arguments(f, convention), dtype)
        if isinstance(convention.gives, type):
            with pytest.raises(convention.gives):
                f(**args)
            return
        found = numbers(f(**args))
        np.testing.assert_allclose(
            found, convention.gives, rtol=1e-6 if dtype == "float32" else 1e-15
        )


ONE_EACH = [
    p
    for p in library_params(NUMPY, TORCH, JAX32, JAX64, STRICT)
    if p.values[1] == p.values[0].dtypes[-1]
]


@pytest.mark.parametrize(("library", "dtype"), ONE_EACH)
@pytest.mark.parametrize(("f", "convention"), FINITE)
def test_first_and_second_derivatives_are_finite(f, convention, library, dtype):
    with library.mode():
        args = converted(library, arguments(f, convention), dtype)
        x = args[f.wrt[0]]
        args.setdefault("temperature", library.array(np.array(1.0), dtype))
        args.setdefault("bias", library.array(np.zeros(tuple(x.shape)), dtype))
        wrt = tuple(k for k in f.wrt if k in args and "float" in str(args[k].dtype))
        t = tuple(library.array(np.ones(tuple(args[k].shape)), dtype) for k in wrt)
        y = f(**args)
        g = library.array(np.ones(tuple(y.shape)), dtype)
        routes = (
            [native(library.module)]
            if library.module == "jax"
            else [softgrad_route, native(library.module)]
        )
        for route in filter(None, routes):
            _, vjp, dy, hvp = route(f, args, wrt, t, g)
            assert all(np.isfinite(numbers(a)).all() for a in (*vjp, dy, *hvp))
        if library.module != "jax" and 0 not in x.shape:
            for J in softgrad.jacobian(f, wrt=wrt, **args):
                assert np.isfinite(numbers(J.to_dense())).all()
