"""An audit's report as lines of text, at most 80 columns wide."""

import textwrap
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from softgrad.check.report.content import content
from softgrad.check.report.text import WIDTH, Line, lines
from softgrad.check.report.words import counted

if TYPE_CHECKING:
    from softgrad.audit.report.report import AuditReport, Finding
    from softgrad.check import Report

__all__ = ["COLUMNS", "WHOLE", "plain", "rows", "summary", "title", "told", "whereabouts"]

COLUMNS = ("call", "where", "count", "gradient")
WHOLE = "the loss by a step of each parameter"
_INDENT = "  "
_ROLES = {True: "entry", False: "wrong", None: "undecided"}
_WHERE = 24
_VERDICT = 20
_REASONS = 4
"""How many reasons are told why calls are undecided; the page and JSON tell all."""


def summary(report: "AuditReport") -> str:
    """Return the verdict as one sentence."""
    distinct, wrong = len(report.findings), len(report.guilty)
    unknown = sum(finding.ok is None for finding in report.findings)
    calls = counted(report.calls, "differentiable call", "differentiable calls")
    told = f"{calls}, {distinct:,} distinct"
    if wrong:
        return f"{told}: {wrong:,} with a wrong gradient"
    if report.whole is not None and report.whole.ok is False:
        return f"{told}: each right, and the gradient of the whole is wrong"
    return f"{told}: none is wrong" + (f", {unknown:,} undecided" if unknown else "")


def title(report: "AuditReport") -> str:
    """Return the verdict as a heading."""
    return f"audit: {report.verdict.upper()}"


def plain(report: "AuditReport") -> str:
    """Return the report as text."""
    body = told(report, WIDTH - len(_INDENT))
    return "\n".join([title(report), *((_INDENT + line.text).rstrip() for line in body)])


def told(report: "AuditReport", width: int) -> Iterator[Line]:
    """Yield everything below the title: the guilty in full, the table, the whole, the notes."""
    yield from _paragraph("reason", summary(report), width)
    for finding in report.guilty:
        yield Line("", "")
        yield from _guilty(finding, width)
    yield Line("", "")
    yield from _table(report, width)
    yield from _unclear(report, width)
    if report.whole is not None and report.whole.ok is not True:
        yield Line("", "")
        yield Line("reason", WHOLE)
        yield from _inside(report.whole, width)
    for note in report.notes:
        yield from _paragraph("note", f"note: {note.text}", width)
    yield Line("foot", f"seed {report.seed}")


def rows(report: "AuditReport") -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each distinct call, under ``COLUMNS``."""
    for finding in report.findings:
        verdict = finding.report.verdict
        more = f" +{len(finding.places) - 1}" if len(finding.places) > 1 else ""
        yield finding.call, finding.source + more, str(finding.count), finding.bug or verdict


def whereabouts(finding: "Finding") -> Iterator[str]:
    """Yield where a call is made: the user's lines, a package's, the modules."""
    yield from (f"at {place} in {place.function}" for place in finding.places)
    if finding.within is not None:
        yield f"made by {finding.within}"
    if any(finding.modules):
        yield "in " + ", ".join(path or "the outermost" for path in finding.modules)


def _guilty(finding: "Finding", width: int) -> Iterator[Line]:
    yield from _paragraph("reason", finding.call, width)
    for each in whereabouts(finding):
        yield from _paragraph("label", each, width - 2, _INDENT)
    yield from _inside(finding.report, width)


def _inside(report: "Report", width: int) -> Iterator[Line]:
    for role, text in lines(content(report), width - len(_INDENT), hint=False):
        yield Line(role, _INDENT + text)


def _table(report: "AuditReport", width: int) -> Iterator[Line]:
    found = [*rows(report)]
    places = min(max(len(where) for _, where, *_ in (COLUMNS, *found)), _WHERE)
    verdicts = min(max(len(row[-1]) for row in (COLUMNS, *found)), _VERDICT)
    calls = width - places - verdicts - len("count") - 6
    roles = [_ROLES[finding.ok] for finding in report.findings]
    for role, row in (("header", COLUMNS), *zip(roles, found, strict=True)):
        call, where, count, verdict = row
        cells = (_cut(call, calls).ljust(calls), _cut(where, places).ljust(places))
        yield Line(role, "  ".join((*cells, count.rjust(len("count")), _cut(verdict, verdicts))))


def _unclear(report: "AuditReport", width: int) -> Iterator[Line]:
    """Yield why calls are undecided, each reason once."""
    by: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.ok is None:
            by.setdefault(finding.report.reason, []).append(finding.call)
    for reason, (first, *others) in islice(by.items(), _REASONS):
        more = f" and {counted(len(others), 'other', 'others')}" if others else ""
        told = f"undecided: {_cut(first, width // 2)}{more}: {reason}"
        yield from _paragraph("undecided", told, width)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _paragraph(role: str, text: str, width: int, indent: str = "") -> Iterator[Line]:
    for line in textwrap.wrap(text, width, subsequent_indent=_INDENT):
        yield Line(role, indent + line)
