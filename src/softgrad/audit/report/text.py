"""An audit's report as lines of text, at most 80 columns wide."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from softgrad.check.report.content import content
from softgrad.check.report.text import WIDTH, Line, lines

if TYPE_CHECKING:
    from softgrad.audit.report.report import AuditReport, Finding

__all__ = ["COLUMNS", "plain", "rows", "summary", "told"]

COLUMNS = ("call", "where", "count", "gradient")
_INDENT = "  "
_WHERE = 24
_VERDICT = 20


def summary(report: "AuditReport") -> str:
    """Return the verdict as one sentence."""
    distinct, wrong = len(report.findings), len(report.guilty)
    unknown = sum(finding.ok is None for finding in report.findings)
    calls = f"{report.calls:,} differentiable call{'s' if report.calls != 1 else ''}"
    told = f"{calls}, {distinct:,} distinct"
    if wrong:
        return f"{told}: {wrong:,} with a wrong gradient"
    if report.whole is not None and report.whole.ok is False:
        return f"{told}: each right, and the gradient of the whole is wrong"
    return f"{told}: none is wrong" + (f", {unknown:,} undecided" if unknown else "")


def plain(report: "AuditReport") -> str:
    """Return the report as text."""
    title = f"audit: {report.verdict.upper()}"
    return "\n".join([title, *(_INDENT + line.text for line in told(report, WIDTH - 2))])


def told(report: "AuditReport", width: int) -> Iterator[Line]:
    """Yield everything below the title: the guilty in full, the table, the whole, the notes."""
    yield from _paragraph("reason", summary(report), width)
    for finding in report.guilty:
        yield Line("", "")
        yield from _guilty(finding, width)
    yield Line("", "")
    yield from _table(report, width)
    if report.whole is not None and report.whole.ok is not True:
        yield Line("", "")
        yield Line("reason", "the loss by a step of each parameter")
        yield from (
            Line(role, _INDENT + text) for role, text in lines(content(report.whole), width - 2)
        )
    for note in report.notes:
        yield from _paragraph("note", f"note: {note.text}", width)
    yield Line("foot", f"seed {report.seed}")


def rows(report: "AuditReport") -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each distinct call, under ``COLUMNS``."""
    for finding in report.findings:
        verdict = finding.report.verdict
        more = f" +{len(finding.places) - 1}" if len(finding.places) > 1 else ""
        yield finding.call, finding.source + more, str(finding.count), finding.bug or verdict


def _guilty(finding: "Finding", width: int) -> Iterator[Line]:
    yield from _paragraph("reason", finding.call, width)
    where = [f"at {place} in {place.function}" for place in finding.places]
    if finding.within is not None:
        where.append(f"made by {finding.within}")
    if any(finding.modules):
        where.append("in " + ", ".join(path or "the outermost" for path in finding.modules))
    for each in where:
        yield from _paragraph("label", each, width - 2, _INDENT)
    for role, text in lines(content(finding.report), width - 2, hint=False):
        yield Line(role, _INDENT + text)


def _table(report: "AuditReport", width: int) -> Iterator[Line]:
    found = [*rows(report)]
    places = min(max(len(where) for _, where, *_ in (COLUMNS, *found)), _WHERE)
    verdicts = min(max(len(row[-1]) for row in (COLUMNS, *found)), _VERDICT)
    calls = width - places - verdicts - len("count") - 6
    for role, row in (("header", COLUMNS), *(("entry", row) for row in found)):
        call, where, count, verdict = row
        cells = (_cut(call, calls).ljust(calls), _cut(where, places).ljust(places))
        yield Line(role, "  ".join((*cells, count.rjust(len("count")), _cut(verdict, verdicts))))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _paragraph(role: str, text: str, width: int, indent: str = "") -> Iterator[Line]:
    for line in textwrap.wrap(text, width, subsequent_indent=_INDENT):
        yield Line(role, indent + line)
