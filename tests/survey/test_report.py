"""The matrix as text, colours, page, JSON and exit code."""

import json

import numpy as np
import pytest

import softgrad
from softgrad.survey import Call, Library
from softgrad.survey.dialects import NUMPY


def log_softmax(x, axis=-1):
    with np.errstate(all="ignore"):
        e = np.exp(x)
        return np.log(e / e.sum(axis, keepdims=True))


@pytest.fixture(scope="module")
def report():
    calls = {"log_softmax": (Call("mylib.log_softmax", log_softmax),)}
    library = Library("mylib", "My <library>", "no-such", NUMPY, calls, dtypes=("float32",))
    return softgrad.survey([library], members=["log_softmax"], dtypes=["float64", "float32"])


def test_text_is_a_matrix_and_its_findings(report):
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("survey: FAILS: ")
    (row,) = [line for line in lines if line.startswith("  mylib.log_softmax")]
    assert row.split()[1:] == ["·✗", "··", "··", "··"]
    assert any(line.startswith("mylib.log_softmax, value: wrong") for line in lines)
    assert any("saturated" in line for line in lines)


def test_colours_say_what_the_text_says(report):
    console = pytest.importorskip("rich.console").Console(width=80, color_system=None)
    with console.capture() as shown:
        console.print(report)
    assert [line.rstrip() for line in shown.get().splitlines()] == str(report).splitlines()


def test_the_page_stands_alone_and_escapes(report, tmp_path):
    pytest.importorskip("jinja2")
    page = report.to_html(tmp_path / "survey.html")
    assert (tmp_path / "survey.html").read_text(encoding="utf-8") == page
    assert "<script" not in page and "http" not in page
    assert "My &lt;library&gt;" in page and "<library>" not in page
    for cell in report.failing:
        assert "def log_softmax(x, axis=-1):" in cell.snippet
    assert page.count('<pre tabindex="0">') == len(report.failing) == 1


def test_json_has_every_cell_and_no_number_that_json_lacks(report):
    data = json.loads(report.to_json(), parse_constant=pytest.fail)
    assert not data["ok"]
    assert len(data["cells"]) == len(report.cells)
    (failing,) = [cell for cell in data["cells"] if cell["verdict"] == "wrong"]
    assert failing["failed"] == sum(m["verdict"] == "wrong" for m in failing["strays"]) > 0
    assert failing["worst"]["ulp"] == "inf"
    assert failing["snippet"].startswith("# My <library> ?: mylib.log_softmax, float32, value")


def run(*argv):
    pytest.importorskip("cyclopts")
    from softgrad.cli import main

    return main(["survey", *argv])


SCIPY = ("--library", "scipy", "--dtype", "float64")


def test_the_command_tells_by_its_exit_code(capsys, tmp_path):
    pytest.importorskip("scipy")
    assert run(*SCIPY, "--member", "softmax", "--json") == 0
    assert json.loads(capsys.readouterr().out)["ok"]
    page = tmp_path / "page.html"
    assert run(*SCIPY, "--member", "log_softmax", "--no-options", "--html", str(page)) == 1
    out, err = capsys.readouterr()
    assert out.startswith("survey: FAILS") and "special.log_softmax" in out
    assert "wrote" in err and page.exists()


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("--library", "numpy"), "library must be one of scipy"),
        (("--library", "scipy", "--member", "tanh"), "members must be among"),
        (("--dtype", "int8"), "dtypes must be among"),
        (("--html", "no/such/page.html"), "there is no folder"),
    ],
)
def test_bad_usage_is_one_sentence(capsys, argv, why):
    assert run(*argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and why in err and err.count("\n") == 1
