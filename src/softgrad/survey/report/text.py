"""A survey's report as lines of text, each with the role that it plays."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from softgrad.survey.library import ORDERS
from softgrad.survey.report.content import GLYPHS, LEGEND, Finding, findings, rows, summary

if TYPE_CHECKING:
    from softgrad.survey.report.report import SurveyReport

__all__ = ["NAME", "WIDTH", "lines"]

WIDTH = 80
NAME = 44
"""The columns that a call's name takes."""


def lines(report: "SurveyReport", width: int = WIDTH) -> Iterator[tuple[str, str]]:
    """Yield pairs of a role and a line of at most ``width`` columns."""
    verdict = "CONFORMS" if report.ok else "FAILS"
    yield from _wrapped("title", f"survey: {verdict}: {summary(report)}", width)
    yield "", ""
    yield "legend", f"In each column one letter a dtype: {', '.join(report.dtypes)}."
    told = "; ".join(f"{GLYPHS[name]} {said}" for name, said in LEGEND.items())
    yield from _wrapped("legend", f"{told}.", width)
    for library, version in report.versions.items():
        yield "", ""
        head = "".join(f"{order:<9}" for order in ORDERS)
        yield "header", f"{_cut(f'{library} {version}'):<{NAME}}{head}".rstrip()
        for row in rows(report, library):
            marks = "".join(f"{row.glyphs(order):<9}" for order in ORDERS)
            yield "row", f"  {_cut(row.api):<{NAME - 2}}{marks}".rstrip()
    for finding in findings(report):
        yield "", ""
        yield from _finding(finding, width)
    if report.absent:
        yield "", ""
        yield from _wrapped("legend", f"Not installed: {', '.join(report.absent)}.", width)


def _finding(finding: Finding, width: int) -> Iterator[tuple[str, str]]:
    title = f"{finding.shown.api}, {finding.shown.order}: {finding.verdict}"
    yield from _wrapped(finding.verdict, title, width)
    worst = finding.worst
    where = ", ".join(filter(None, [finding.shown.dtype, finding.shown.option, worst.where]))
    yield from _wrapped("fact", f"  {finding.numbers} ({where})", width)
    options = [option for option in finding.options if option]
    told = f"  in {', '.join(finding.dtypes)}; rows: {', '.join(finding.rows)}"
    yield from _wrapped("more", told + (f"; with {' | '.join(options)}" if options else ""), width)


def _cut(name: str) -> str:
    """Return a name that fits its column: the end says more than the beginning."""
    room = NAME - 3
    return name if len(name) <= room else f"…{name[1 - room :]}"


def _wrapped(role: str, text: str, width: int) -> Iterator[tuple[str, str]]:
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    for line in textwrap.wrap(text, width, subsequent_indent=indent):
        yield role, line
