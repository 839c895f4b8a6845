"""Results of a library compared with the truth, in units of what the record allows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

from softgrad.oracle.bounds import Bounds, excess
from softgrad.oracle.row import Row, exact_row, rows_of
from support.cases import Case, make
from support.libraries import Library, numbers

__all__ = ["Truth", "compare", "truth"]


@dataclass(frozen=True)
class Truth:
    """A case at given rows: arguments, directions, and exact derivatives of each row."""

    case: Case
    args: dict[str, Any]
    wrt: tuple[str, ...]
    tangents: tuple[np.ndarray, ...]
    cotangent: np.ndarray
    rows: list[Row]


def truth(case: Case, x: np.ndarray) -> Truth:
    """Return the exact results of a case at rows of logits."""
    args = case.args(x)
    wrt = case.wrt(args)
    rows = [exact_row(case.function, row, wrt) for row in rows_of(args, case.primary)]
    rng = np.random.default_rng(7)

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32).astype(np.float64)

    width = rows[0].value.size
    g = draw((len(rows), width) if _keeps_axis(case, x.shape[1], width) else (len(rows),))
    return Truth(case, args, wrt, tuple(draw(args[k].shape) for k in wrt), g, rows)


def _keeps_axis(case: Case, n: int, width: int) -> bool:
    return width == n or "keepdims" in case.chosen


def compare(truth: Truth, library: Library, dtype: str, route: Any) -> dict[str, np.ndarray]:
    """Return, for value, vjp, jvp and hvp, each row's worst error over its bound."""
    args = make(library, truth.args, dtype)
    t = tuple(library.array(a, dtype) for a in truth.tangents)
    g = library.array(truth.cotangent, dtype)
    y, vjp, dy, hvp = route(truth.case.function, args, truth.wrt, t, g)
    for name, result in {"value": y, "jvp": dy}.items():
        assert str(result.dtype).endswith(dtype), f"{name} is {result.dtype}, not {dtype}"
    found = {"value": [numbers(y)], "jvp": [numbers(dy)]}
    found |= {"vjp": [numbers(a) for a in vjp], "hvp": [numbers(a) for a in hvp]}
    per_row = [_row_errors(truth, i, found, library, dtype) for i in range(len(truth.rows))]
    return {k: np.array([row[k] for row in per_row]) for k in found}


def _row_errors(
    truth: Truth, i: int, found: dict[str, list], library: Library, dtype: str
) -> dict[str, float]:
    row = truth.rows[i]
    t = np.concatenate([a[i].ravel() for a in truth.tangents])
    g = truth.cotangent[i].ravel()
    allow = Bounds(truth.case.function.numerics, row, dtype, library.tiny(dtype))
    J, H = row.terms.J, row.terms.H
    tm, gm = _exact(t), _exact(g)
    ta, ga, terms = np.abs(t), np.abs(g), t.size + g.size
    size = float(max(ta.max(), ga.max()) ** 2)
    exact = {
        "value": (row.value, allow.value()),
        "jvp": (row.J @ tm, allow.product(J @ ta, terms, size)),
        "vjp": (gm @ row.J, allow.product(ga @ J, terms, size)),
        "hvp": (
            np.tensordot(gm, row.H, 1) @ tm,
            allow.product(np.tensordot(ga, H, 1) @ ta, terms**2, size),
        ),
    }
    flat = {k: np.concatenate([np.ravel(a[i]) for a in arrays]) for k, arrays in found.items()}
    return {k: float(excess(flat[k], *exact[k]).max()) for k in exact}


def _exact(a: np.ndarray) -> np.ndarray:
    return np.array([mp.mpf(float(v)) for v in a], dtype=object)
