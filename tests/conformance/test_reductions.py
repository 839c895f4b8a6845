"""Reductions and inputs shared between rows, against the oracle on the whole batch."""

import numpy as np
import pytest
from support.cases import FUNCTIONS, Case, make
from support.libraries import JAX64, NUMPY, TORCH, library_params, numbers
from support.routes import native, softgrad_route
from support.truth import floats

from softgrad.oracle import Exact

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


def shared(case: Case, rng: np.random.Generator) -> dict:
    """Return arguments with a bias and a temperature that all rows share."""
    args = case.args(rng.normal(size=(3, 2)))
    if args["target"].dtype.kind == "i":
        args["target"] = np.array([1, 0, 1])
    return args | {"bias": rng.normal(size=2), "temperature": np.array(1.25)}


@pytest.mark.parametrize(("library", "dtype"), CHECKED)
@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_reduced_losses(case, library, dtype, rng):
    args = shared(case, rng)
    wrt = case.wrt(args)
    at = Exact(case.function, **args)
    t = {k: rng.normal(size=args[k].shape) for k in wrt}
    with library.mode():
        given = make(library, args, dtype)
        directions = tuple(library.array(t[k], dtype) for k in wrt)
        for route in filter(None, (softgrad_route, native(library.module))):
            one = library.array(np.array(1.0), dtype)
            y, vjp, dy, hvp = route(case.function, given, wrt, directions, one)
            assert float(y) == pytest.approx(float(at.value()), rel=1e-14)
            assert float(dy) == pytest.approx(float(at.jvp(t)), rel=1e-12, abs=1e-14)
            for name, g, h in zip(wrt, vjp, hvp, strict=True):
                exact_g = floats(at.vjp(np.array(1.0), name))
                exact_h = floats(at.hvp(t, np.array(1.0), name))
                np.testing.assert_allclose(numbers(g), exact_g, rtol=1e-12, atol=1e-14)
                np.testing.assert_allclose(numbers(h), exact_h, rtol=1e-12, atol=1e-14)
