"""What an audit says, and in which forms."""

import io
import json
from html.parser import HTMLParser

import numpy as np
import pytest
from audit.layers.networks import TARGET, Diagonal, Likelihood, Linear, Network, Softmax, X

import softgrad
from softgrad import AuditReport
from softgrad.audit import Finding, Note
from softgrad.audit.place import Place
from softgrad.check import Report

HERE = Place(__file__, 3, "forward")


def wrong() -> AuditReport:
    loss = Likelihood()
    return softgrad.audit(Network(Diagonal()), X, loss=lambda p: loss.forward(p, TARGET))


def full() -> AuditReport:
    """Return a report that has everything that one can have, long names and markup included."""
    long = "package.module." * 8 + "<function>(float32[1, 2])"
    bad = softgrad.check(np.sin, (X,), vjp=lambda g, x: g, battery=False)
    findings = [
        Finding("right(x)", (HERE,), None, ("",), 3, Report(True, "right")),
        Finding("unknown(x)", (), HERE, ("a.b",), 1, Report(None, "not measured")),
        Finding(long, (HERE, Place("other.py", 1234567, "f" * 90)), HERE, ("a", "b"), 99999, bad),
    ]
    notes = (Note("no_gradient", "w receives no gradient & " * 9, HERE), Note("hook", "a hook"))
    return AuditReport(tuple(findings), Report(None, "cannot be measured"), notes, 100_003, 7)


REPORTS = {
    "right": lambda: softgrad.audit([Linear(4, 3), Softmax()], X),
    "wrong": wrong,
    "full": full,
    "whole": lambda: AuditReport((), Report(False, "off", "wrong_sign"), (), 0, 0),
}


@pytest.fixture(params=REPORTS)
def report(request):
    return REPORTS[request.param]()


def test_every_line_of_the_text_fits(report):
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert lines[0] == f"audit: {report.verdict.upper()}"


@pytest.mark.parametrize("width", [50, 80, 200])
def test_the_panel_says_what_the_text_says(report, width):
    console = pytest.importorskip("rich.console").Console(file=io.StringIO(), width=width)
    console.print(report)
    shown = console.file.getvalue()
    assert max(map(len, shown.splitlines())) <= min(width, 80)
    if width >= 80:
        inside = [line.strip("│ ") for line in shown.splitlines()[1:-1]]
        assert [line for line in inside if line.startswith("seed")]
        assert all(call.call[:20] in shown for call in report.findings)


def test_the_guilty_come_first():
    report = full()
    assert [finding.ok for finding in report.findings] == [False, None, True]
    assert str(report).index(report.guilty[0].call[:30]) < str(report).index("right(x)")
    assert (report.ok, bool(report), report.verdict) == (False, False, "wrong")


@pytest.mark.parametrize(
    ("verdicts", "whole", "ok"),
    [
        ([True, None], True, True),
        ([True, False], None, False),
        ([True], False, False),
        ([None], None, None),
        ([], None, None),
    ],
)
def test_the_verdict_is_that_of_all(verdicts, whole, ok):
    findings = tuple(Finding("f()", (), None, (), 1, Report(each, "")) for each in verdicts)
    assert AuditReport(findings, Report(whole, ""), (), 1, 0).ok is ok


def test_the_summary_counts():
    told = str(full())
    assert "100,003 differentiable calls, 3 distinct: 1 with a wrong gradient" in told
    assert "each right, and the gradient of the whole" in str(REPORTS["whole"]())
    assert "none is wrong" in str(REPORTS["right"]())


def test_why_calls_are_undecided_is_told_once():
    def unclear(call, reason):
        return Finding(call, (), None, (), 1, Report(None, reason))

    findings = [unclear(f"f{k}(x)", "no luck") for k in range(3)] + [unclear("g(x)", "too flat")]
    told = str(AuditReport(tuple(findings), None, (), 4, 0))
    assert "undecided: f0(x) and 2 others: no luck" in told
    assert "undecided: g(x): too flat" in told


class Page(HTMLParser):
    """Collects what a page holds, and fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.text, self.tags = [], "", set()
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not {"src", "href"} & dict(attrs).keys()
        if tag not in ("br", "meta", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("br", "meta", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_whole_and_says_everything(report, tmp_path):
    pytest.importorskip("jinja2")
    page = report.to_html(tmp_path / "audit.html")
    assert (tmp_path / "audit.html").read_text(encoding="utf-8") == page
    held = Page(page)
    assert "script" not in held.tags and "http" not in page
    for finding in report.findings:
        assert finding.call in held.text
    for note in report.notes:
        assert note.text in held.text
    for finding in report.guilty:
        assert finding.report.reason in held.text and "svg" in held.tags


def test_a_notebook_shows_the_part_of_the_page(report):
    pytest.importorskip("jinja2")
    fragment = report._repr_html_()
    assert fragment.startswith('<div class="softgrad-report">')
    assert fragment.rstrip() in report.to_html()


def test_json_has_it_all(report):
    data = json.loads(report.to_json())
    assert data["ok"] is report.ok and data["calls"] == report.calls
    assert [f["call"] for f in data["findings"]] == [f.call for f in report.findings]
    assert [f["report"]["bug"] for f in data["findings"]] == [f.bug for f in report.findings]
    assert [n["text"] for n in data["notes"]] == [n.text for n in report.notes]


def test_sarif_puts_a_result_at_each_line_of_a_guilty_call():
    (run,) = json.loads(full().to_sarif())["runs"]
    errors = [each for each in run["results"] if each["level"] == "error"]
    places = [each["locations"][0]["physicalLocation"] for each in errors]
    assert [place["region"]["startLine"] for place in places] == [3, 1234567]
    assert all("<function>(float32[1, 2]): " in each["message"]["text"] for each in errors)
    warned = [each for each in run["results"] if each["level"] == "warning"]
    assert [each["ruleId"] for each in warned] == ["no_gradient", "hook"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in errors)


def test_a_finding_answers_for_its_call():
    finding = full().guilty[0]
    assert finding.source.endswith("test_report.py:3") and finding.module == "a"
    assert finding.explanation == finding.report.explanation
    assert Finding("f()", (), HERE, (), 1, Report(True, "")).source == finding.source
    assert Finding("f()", (), None, (), 1, Report(True, "")).source == "?"
