"""Every function, every option, against mpmath at 50 digits, within the bound its record states."""

from functools import cache

import pytest
from support.cases import Case, bare, cases, singles
from support.compare import Truth, compare, truth
from support.libraries import JAX32, JAX64, NUMPY, TORCH, library_params
from support.points import ROWS, SHORT, logits
from support.routes import native, softgrad_route


@cache
def at_rows(case: Case, dtype: str, rows: str) -> Truth:
    return truth(case, logits(dtype, {"ROWS": ROWS, "SHORT": SHORT}[rows]))


CHECKED = library_params(NUMPY, TORCH, JAX32, JAX64)


def errors(at: Truth, library, dtype: str, routes) -> list[str]:
    """Return a sentence for every row, route and product that is outside its bound."""
    found = []
    with library.mode():
        for route in filter(None, routes):
            for product, ratios in compare(at, library, dtype, route).items():
                found += [
                    f"{route.__name__}: {product} of row {i} is {r:.3g} times its bound"
                    for i, r in enumerate(ratios)
                    if not r <= 1
                ]
    return found


@pytest.mark.parametrize(("library", "dtype"), CHECKED)
@pytest.mark.parametrize("case", cases(bare), ids=str)
def test_bare(case: Case, library, dtype):
    """Without options, on every kind of row: confident, large, tied, tiny ..."""
    routes = (softgrad_route, native(library.module))
    assert not errors(at_rows(case, dtype, "ROWS"), library, dtype, routes)


OPTIONED = cases(singles)
EVERYTHING = [case for case in OPTIONED if len(case.chosen) > 2]


@pytest.mark.parametrize(("library", "dtype"), library_params(NUMPY, TORCH))
@pytest.mark.parametrize("case", OPTIONED, ids=str)
def test_options(case: Case, library, dtype):
    """With each option by itself, and with all of them at once, by every differentiable input."""
    routes = (softgrad_route, native(library.module))
    assert not errors(at_rows(case, "float32", "SHORT"), library, dtype, routes)


@pytest.mark.parametrize("case", OPTIONED, ids=str)
def test_options_in_jax(case: Case):
    """Compiled, which is what fuses operations and may round them differently."""
    routes = (native("jax"),)
    assert not errors(at_rows(case, "float32", "SHORT"), JAX64, "float64", routes)
    if case in EVERYTHING:
        assert not errors(at_rows(case, "float32", "SHORT"), JAX32, "float32", routes)
