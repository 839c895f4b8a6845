"""What a report says, and in which forms."""

import io
import json

import numpy as np
import pytest
from check.right import softmax, softmax_back

from softgrad.check import BUGS, Report, check

X = np.random.default_rng(0).normal(size=(3, 4))


@pytest.fixture(params=["right", "wrong", "undecided"])
def report(request):
    claims = {
        "right": lambda g, y, x: softmax_back(g, y),
        "wrong": lambda g, y, x: g * y * (1 - y),
        "undecided": lambda g, y, x: g,
    }
    x = np.full((2, 2), np.nan) if request.param == "undecided" else X
    return check(softmax, (x,), vjp=claims[request.param], seed=5)


def test_text_fits_80_columns(report):
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"gradient: {report.verdict.upper()}")
    assert "seed 5" in lines[-1]


def test_json(report):
    data = json.loads(report.to_json())
    assert data["ok"] is report.ok
    assert data["bug"] == report.bug
    assert data["seed"] == 5
    assert data["evaluations"]["forward"] == report.evaluations.forward > 0
    if report.wrong:
        assert data["wrong"]["x"] == np.argwhere(report.wrong["x"]).tolist()


def test_notebook_form_escapes(report):
    html = report._repr_html_()
    assert html.startswith("<div")
    assert report.verdict.upper() in html
    assert "<b>" not in Report(False, "<b>x</b>")._repr_html_().partition("<pre")[2]


def test_terminal_form(report):
    console = pytest.importorskip("rich.console").Console(width=80, record=True, file=io.StringIO())
    console.print(report)
    assert report.verdict.upper() in console.export_text()


def test_truth_value(report):
    assert bool(report) is (report.ok is True)


def test_the_explanation_names_bug_formula_and_fix():
    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y))
    bug = BUGS["diagonal_only"]
    assert report.bug == bug.name
    for text in (bug.meaning, bug.formula, bug.fix):
        assert text in report.explanation
    assert report.wrong["x"].all()
    assert report.evaluations.backward > 0


def test_the_trigger_is_told():
    x = X[:1]
    report = check(softmax, (x,), vjp=lambda g, y, x: y * (g - (g * y).sum()))
    assert report.ok is False
    assert report.bug == "batch_mixed"
    assert "When: there are 3 samples" in report.explanation


def test_every_bug_is_described():
    for name, bug in BUGS.items():
        assert bug.name == name
        assert bug.family
        assert bug.meaning
        assert bug.formula.endswith(".")
        assert bug.fix.endswith(".")
