"""Reductions and inputs shared between rows, against the oracle on the whole batch."""

from functools import cache

import numpy as np
import pytest
from support.cases import FUNCTIONS, Case, make
from support.libraries import JAX64, NUMPY, TORCH, library_params, numbers
from support.routes import native, softgrad_route

from softgrad.oracle import Exact
from softgrad.oracle.row import floats

CHECKED = [p for p in library_params(NUMPY, TORCH, JAX64) if "float64" in p.values]
LOSSES = [
    Case(f, target, {"reduction": reduction, "weight": "array", **more})
    for f in FUNCTIONS.values()
    if "reduction" in f.parameters
    for target in (("index", "soft") if "axis" in f.parameters else ("soft",))
    for reduction in ("mean", "sum")
    for more in ({}, {"ignore_index": "0"})
    if not more or target == "index"
]


@cache
def exact(case: Case) -> tuple:
    """Return arguments with a bias and a temperature that all rows share, and the exact results."""
    rng = np.random.default_rng(3)
    args = case.args(rng.normal(size=(3, 2)))
    if args["target"].dtype.kind == "i":
        args["target"] = np.array([1, 0, 1])
    args |= {"bias": rng.normal(size=2), "temperature": np.array(1.25)}
    t = {k: rng.normal(size=args[k].shape) for k in case.wrt(args)}
    at, one = Exact(case.function, **args), np.array(1.0)
    first = [floats(at.vjp(one, k)) for k in t]
    return (
        args,
        t,
        float(at.value()),
        first,
        float(at.jvp(t)),
        [floats(at.hvp(t, one, k)) for k in t],
    )


@pytest.mark.parametrize(("library", "dtype"), CHECKED)
@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_reduced_losses(case, library, dtype):
    args, t, *expected = exact(case)
    wrt = tuple(t)
    with library.mode():
        given = make(library, args, dtype)
        directions = tuple(library.array(t[k], dtype) for k in wrt)
        for route in filter(None, (softgrad_route, native(library.module))):
            one = library.array(np.array(1.0), dtype)
            found = route(case.function, given, wrt, directions, one)
            for a, b in zip(found, expected, strict=True):
                for left, right in zip(parts(a), parts(b), strict=True):
                    np.testing.assert_allclose(numbers(left), right, rtol=1e-12, atol=1e-14)


def parts(a) -> list:
    """Return one array per input, or the array itself, as a list."""
    return [*a] if isinstance(a, (tuple, list)) else [a]
