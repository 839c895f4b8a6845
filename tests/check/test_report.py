"""What a report says, and in which forms."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from check.right import softmax, softmax_back

from softgrad.check import BUGS, Report, check
from softgrad.check.report.finding import Entry, Finding, Picture
from softgrad.check.report.heatmap import MOST_CELLS, plate

X = np.random.default_rng(0).normal(size=(3, 4))
NAN = float("nan")


@pytest.fixture(params=["right", "wrong", "undecided", "full"])
def report(request):
    claims = {
        "right": lambda g, y, x: softmax_back(g, y),
        "wrong": lambda g, y, x: g * y * (1 - y),
        "undecided": lambda g, y, x: g,
    }
    if request.param == "full":
        return full()
    x = np.full((2, 2), np.nan) if request.param == "undecided" else X
    return check(softmax, (x,), vjp=claims[request.param], seed=5)


def full() -> Report:
    """Return a report that has everything a report can have, long words and markup included."""
    long = "a_long_input_name_" * 6
    wrong = np.eye(3, 4, dtype=bool)
    told = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y), seed=5)
    entries = [Entry("x", (i, j), 0.1 + i, 0.1 + i + 1e-6, 2e-9) for i in range(3) for j in (0, 1)]
    entries += [Entry(long, (0,), NAN, 1.0, 0.0), Entry("x", (), np.inf, -1e-300, 1e-310)] * 2
    return replace(
        told,
        wrong={"x": wrong, "w": np.zeros(2, bool)},
        entries=tuple(entries),
        evidence=("<b>one</b> measured fact " + "and more " * 20, "x" * 200),
        formula="dx = <right>.",
        fix="do it right & well.",
        runner_up=Finding("wrong_sign", "flipped", residual=0.3125),
        trigger="x has ties",
        pictures=(picture(3, 4), picture(90, 41)),
        snippet="print('<hello>')\n",
        kinks=3,
    )


def picture(m: int, n: int) -> Picture:
    rng = np.random.default_rng(m)
    true = rng.normal(size=(m, n))
    return Picture("x", true + (rng.uniform(size=(m, n)) < 0.01), true, (m,), (n,))


# -- text ------------------------------------------------------------------------------------------


def test_text_fits_80_columns(report):
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"gradient: {report.verdict.upper()}")
    assert "seed 5" in lines[-1]


def in_a_terminal(report: Report, width: int) -> str:
    console = pytest.importorskip("rich.console").Console(width=width, file=io.StringIO())
    console.print(report)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 50, 200])
def test_the_panel_wraps_no_line_twice(report, width):
    lines = in_a_terminal(replace(report, snippet=None), width).splitlines()
    assert report.verdict.upper() in lines[0]
    assert {len(line) for line in lines} == {min(width, 80)}
    if width >= 80:
        boxed = [line[2:-2].rstrip() for line in lines[1:-1]]
        told = " ".join(str(replace(report, snippet=None)).split()[2:])
        assert " ".join(" ".join(boxed).split())[-60:] == told[-60:]


LONG, WIDE = "print()\n" * 65, f"print({'1' * 80})\n"


@pytest.mark.parametrize("program", ["", "import sys\n\nsys.exit(1)\n", LONG, WIDE])
def test_a_short_program_stands_below_to_be_copied(program):
    report = replace(full(), snippet=program or None)
    below = f"\n\n{program}" if program and program not in (LONG, WIDE) else ""
    hint = "report.snippet"
    for text in (f"{report.to_text()}\n", in_a_terminal(report, 80)):
        assert text.endswith(below)
        assert (hint in text) is (program in (LONG, WIDE))
    assert (hint in str(report)) is bool(program)
    assert "import sys" not in str(report)


def test_everything_known_is_told():
    text = str(full())
    for part in (
        "WRONG (diagonal_only)",
        "When: x has ties.",
        "Right: dx = <right>.",
        "Fix: do it right & well.",
        "input",
        "(0, 1)",
        "1.100001 ± 2e-09",
        "nan",
        "… and 2 more",
        "one</b> measured",
        "x: 3 of 12 entries wrong",
        "w: right",
        "Next best: wrong_sign, the sign is flipped; it leaves 31 % of your gradient",
        "At 3 entries there is a kink",
        "report.snippet",
    ):
        assert part in text, part


def test_a_true_value_is_shown_as_far_as_it_is_known():
    report = replace(full(), entries=(Entry("x", (0,), 0.25, -2.8e-17, 3e-11),))
    assert "  0 ± 3e-11" in str(report)


def test_digits_tell_claimed_and_true_apart():
    entry = Entry("x", (0,), 1.0 + 1e-9, 1.0, 1e-13)
    assert " 1.000000001 " in str(replace(full(), entries=(entry,)))


def test_without_entries_the_places_are_told():
    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y))
    assert "x: 12 of 12 entries wrong" in str(replace(report, entries=()))
    assert "(0, 0), (0, 1)" in " ".join(str(replace(report, entries=())).split())


def test_truth_value(report):
    assert bool(report) is (report.ok is True)


def test_the_explanation_names_bug_formula_and_fix():
    report = check(softmax, (X,), vjp=lambda g, y, x: g * y * (1 - y))
    bug = BUGS["diagonal_only"]
    assert report.bug == bug.name
    for text in (bug.meaning, report.formula or bug.formula, report.fix or bug.fix):
        assert text in report.explanation
    assert report.wrong["x"].all()
    assert report.evaluations.backward > 0


def test_the_trigger_is_told():
    x = X[:1]
    report = check(softmax, (x,), vjp=lambda g, y, x: y * (g - (g * y).sum()))
    assert report.ok is False
    assert report.bug == "batch_mixed"
    assert f"When: {report.trigger}." in report.explanation


# -- data ------------------------------------------------------------------------------------------


def strict(text: str):
    """Read JSON that has nothing but JSON in it."""

    def refuse(word: str):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_json(report):
    data = strict(report.to_json())
    assert data["ok"] is report.ok
    assert data["bug"] == report.bug
    assert data["seed"] == 5
    assert data["evaluations"]["forward"] == report.evaluations.forward > 0
    if report.wrong:
        assert data["wrong"]["x"] == np.argwhere(report.wrong["x"]).tolist()


def test_json_has_the_entries_and_the_next_best_name():
    data = strict(full().to_json())
    assert data["entries"][0] == {
        "input": "x", "index": [0, 0], "claimed": 0.1, "true": 0.1 + 1e-6, "error": 2e-9
    }  # fmt: skip
    assert [entry["claimed"] for entry in data["entries"][-2:]] == ["nan", "inf"]
    assert data["runner_up"] == {"bug": "wrong_sign", "evidence": "flipped", "residual": 0.3125}
    assert data["formula"] == "dx = <right>."
    assert data["snippet"] == "print('<hello>')\n"


@pytest.mark.parametrize("place", ["function", "pair", "object", None])
def test_sarif(report, place, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])
    given = {"function": test_json, "pair": ("some dir/f.py", 7), "object": full}.get(place)
    log = strict(report.to_sarif(given))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert {rule["id"] for rule in rules} == set(BUGS) | {"wrong_gradient"}
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    assert len(run["results"]) == (report.ok is not True)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == ("error" if report.ok is False else "none")
        assert (result["kind"] == "fail") is (report.ok is False)
        assert result["message"]["text"] == report.explanation
        physical = [at["physicalLocation"] for at in result.get("locations", ())]
        if place is None:
            assert physical == []
            continue
        uri = physical[0]["artifactLocation"]["uri"]
        assert uri == ("some%20dir/f.py" if place == "pair" else "check/test_report.py")
        assert physical[0]["region"]["startLine"] > 1


# -- pages -----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Reads a page: its text, its tags, and whether every tag is closed."""

    VOID = frozenset({"meta", "rect"})

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID or (tag == "rect" and not self.get_starttag_text().endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_is_self_contained(report, tmp_path):
    pytest.importorskip("jinja2")
    text = report.to_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "b"}
    assert not re.search(r"url\(|@import|https?:", text)
    assert "prefers-color-scheme: dark" in text
    assert f"gradient: {report.verdict.upper()}" in page.text


def test_the_page_tells_everything():
    pytest.importorskip("jinja2")
    page = Page(full().to_html())
    for part in ("<b>one</b> measured", "dx = <right>.", "do it right & well.", "and 2 more",
                 "Next best: wrong_sign", "print('<hello>')", "Jacobian by x"):  # fmt: skip
        assert part in page.text, part
    maps = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(maps) == 6
    assert all("Jacobian of the output by x" in attrs["aria-label"] for attrs in maps)
    assert len([1 for tag, _ in page.tags if tag == "tr"]) == 1 + 8


def test_notebook_form(report):
    pytest.importorskip("jinja2")
    html = report._repr_html_()
    assert html.startswith('<div class="softgrad-report">')
    assert "<html" not in html
    assert html in report.to_html()
    assert report.verdict.upper() in Page(html).text
    assert "<b>" not in Report(False, "<b>x</b>")._repr_html_()


def test_a_notebook_shows_the_text_without_jinja(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    assert full()._repr_html_() is None
    with pytest.raises(ImportError, match=r'Jinja2.*pip install "softgrad\[report\]"'):
        full().to_html()


# -- heat maps -------------------------------------------------------------------------------------


def test_a_small_matrix_is_drawn_entry_by_entry():
    claimed = np.array([[1.0, -2.0, 0.0], [NAN, 0.5, 2.0]])
    drawn = plate(Picture("w", claimed, claimed, (2,), (3,))).maps[0]
    assert [cell.shade for cell in drawn.cells] == ["p6", "n12", "p0", "nan", "p3", "p12"]
    assert drawn.cells[1].told == "∂y[0]/∂w[1] = -2"
    assert drawn.scale == "2"
    assert drawn.holes


def test_a_large_matrix_shows_the_largest_of_each_block():
    true = np.zeros((100, 70))
    claimed = true.copy()
    claimed[57, 33], claimed[12, 60] = -1e-3, 4.0
    one, other, apart = plate(Picture("x", claimed, true, (10, 10), (70,))).maps
    for drawn in (one, other, apart):
        assert len(drawn.cells) == MOST_CELLS**2
    dark = {cell.told: cell.shade for cell in apart.cells if cell.shade != "p0"}
    assert dark == {
        "∂y[5, 7]/∂x[33] = -0.001": "n1", "∂y[1, 2]/∂x[60] = 4": "p12"
    }  # fmt: skip
    assert {cell.shade for cell in other.cells} == {"p0"}


def test_a_small_difference_has_its_own_scale_and_says_so():
    true = np.eye(3)
    claimed = true.copy()
    claimed[0, 1] = 1e-4
    found = plate(Picture("x", claimed, true, (3,), (3,)))
    assert [drawn.scale for drawn in found.maps] == ["1", "1", "0.0001"]
    assert found.maps[2].cells[1].shade == "p12"
    assert "scale of its own, ± 0.0001" in found.note


def test_every_bug_is_described():
    for name, bug in BUGS.items():
        assert bug.name == name
        assert bug.family
        assert bug.meaning
        assert bug.formula.endswith(".")
        assert bug.fix.endswith(".")
