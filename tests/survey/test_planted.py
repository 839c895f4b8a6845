"""Every planted defect is found in its own cell, shown by its program; the right twin has none."""

import contextlib
import io
import math

import pytest

pytest.importorskip("torch")

from support.planted import PLANTED, RIGHT

import softgrad
from softgrad.survey import Call, Library
from softgrad.survey.dialects import TORCH
from softgrad.survey.library import DTYPES, ORDERS

FINE = ("ok", "convention", "not offered")


def library(member, function) -> Library:
    targets = ("index",)
    calls = {member: (Call(f"mylib.{function.__name__}", function, targets),)}
    return Library("mylib", "mylib", "softgrad-has-no-such-package", TORCH, calls)


def printed(program: str) -> list[float]:
    """Run a program and return the claimed and the true number that it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(program, {"__name__": "snippet"})
    return [float(line.split()[-1]) for line in out.getvalue().splitlines()]


def same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, rel=1e-12)


IDS = [f"{row[0].__name__}-{row[5] or row[4] or row[2]}" for row in PLANTED]


@pytest.mark.parametrize(
    ("function", "member", "dtype", "order", "option", "layout", "rows", "verdict"),
    PLANTED,
    ids=IDS,
)
def test_a_planted_defect_is_found(function, member, dtype, order, option, layout, rows, verdict):
    report = softgrad.survey([library(member, function)], members=[member], dtypes=[dtype])
    assert not report.ok
    cells = {(cell.option, cell.order): cell for cell in report.cells}
    found = cells[option, order]
    assert found.verdict == verdict
    assert rows <= {m.row for m in found.failures if m.layout == layout}
    before = ORDERS[: ORDERS.index(order)]
    assert all(cells[option, earlier].verdict in FINE for earlier in before)
    if layout:
        assert not [m for m in found.failures if not m.layout]
    if option:
        bare = option.split(", ")[0] if "target" in option else ""
        assert cells[bare, order].verdict in FINE
    if verdict == "raises":
        assert "not for Half" in found.worst.message
        with pytest.raises(RuntimeError, match="not for Half"):
            printed(found.snippet)
        return
    claimed, true = printed(found.snippet)
    assert same(claimed, found.worst.claimed)
    assert same(true, found.worst.true)


@pytest.mark.parametrize("member", RIGHT)
def test_the_right_twin_conforms(member):
    report = softgrad.survey([library(member, RIGHT[member])], members=[member])
    assert report.dtypes == DTYPES
    assert [(c.option, c.order, c.worst) for c in report.failing] == []
    assert report.ok
    assert {cell.verdict for cell in report.cells} >= {"ok", "not offered"}
