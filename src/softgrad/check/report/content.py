"""What a report says, in order, before it has the form of text, of a page or of a log."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from softgrad.check.report.finding import Entry, Finding
from softgrad.check.report.vocabulary import BUGS
from softgrad.check.report.words import counted

if TYPE_CHECKING:
    from softgrad.check.report.report import Report

__all__ = ["COLUMNS", "Content", "content", "points"]

MOST_ENTRIES = 8
MOST_PLACES = 4
_NOTHING = 0.95
"""A next best name that leaves more than this share of the gradient is none."""

COLUMNS = ("input", "index", "claimed", "true ± error")
"""What a row of the table of entries holds."""

Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Content:
    """The parts of a report.

    Parameters
    ----------
    title
        The verdict, with the bug's name.
    reason
        One sentence that says why.
    points
        Pairs of a label, such as ``"Fix"``, and what it says.
    rows
        The first wrong entries, under ``COLUMNS``.
    more
        How many further entries are wrong.
    facts
        Measured facts.
    notes
        Where it is wrong, the next best name, kinks.
    program
        A program that shows it without softgrad; empty where there is none.
    foot
        What the check cost and its seed.
    """

    title: str
    reason: str
    points: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    more: int
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    program: str
    foot: str


def content(report: "Report") -> Content:
    """Return the parts of a report; what it does not know is left out."""
    rows = tuple(_row(entry) for entry in report.entries[:MOST_ENTRIES])
    wrong = sum(int(mask.sum()) for mask in (report.wrong or {}).values())
    spent = report.evaluations
    return Content(
        title=f"gradient: {report.verdict.upper()}" + (f" ({report.bug})" if report.bug else ""),
        reason=report.reason,
        points=tuple(points(report)),
        rows=rows,
        more=max(wrong, len(report.entries)) - len(rows) if rows else 0,
        facts=tuple(fact for fact in report.evidence if fact != report.reason),
        notes=tuple(_notes(report)),
        program=report.snippet or "",
        foot=f"{spent.forward} forward, {spent.backward} backward; seed {report.seed}",
    )


def points(report: "Report") -> Iterator[tuple[str, str]]:
    """Yield when the bug shows, what it is, what is right and what to change."""
    if report.trigger:
        yield "When", f"{report.trigger}."
    if report.bug in BUGS:
        bug = BUGS[report.bug]
        yield "What", f"{bug.meaning}."
        yield "Right", report.formula or bug.formula
        yield "Fix", report.fix or bug.fix
        return
    if report.formula:
        yield "Right", report.formula
    if report.fix:
        yield "Fix", report.fix


def _notes(report: "Report") -> Iterator[str]:
    for name, mask in (report.wrong or {}).items():
        yield _where(name, mask, places=not report.entries)
    if report.runner_up and (report.runner_up.residual or 0.0) < _NOTHING:
        yield _next_best(report.runner_up)
    if report.kinks:
        places = counted(report.kinks)
        yield f"At {places} there is a kink, where any slope between the one-sided ones is right."


def _where(name: str, mask: np.ndarray, *, places: bool) -> str:
    count = int(mask.sum())
    if not count:
        return f"{name}: right"
    told = f"{name}: {count} of {mask.size} entries wrong"
    if not (places and mask.ndim):
        return told
    listed = ", ".join(_index(tuple(index)) for index in np.argwhere(mask)[:MOST_PLACES])
    return f"{told}: {listed}" + (", …" if count > MOST_PLACES else "")


def _next_best(other: Finding) -> str:
    name = other.bug or other.evidence
    meaning = f", {BUGS[other.bug].meaning}" if other.bug in BUGS else ""
    if other.residual is None:
        return f"Next best: {name}{meaning}."
    left = f"{100 * other.residual:.2g} % of your gradient"
    return f"Next best: {name}{meaning}; it leaves {left} unexplained."


def _row(entry: Entry) -> Row:
    digits = _digits(entry.claimed, entry.true)
    true = f"{_known(entry.true, entry.error):.{digits}g} ± {entry.error:.1g}"
    return entry.input, _index(entry.index), f"{entry.claimed:.{digits}g}", true


def _digits(claimed: float, true: float) -> int:
    """Return how many digits tell the two apart, with two to spare."""
    gap, scale = abs(claimed - true), max(abs(claimed), abs(true))
    if not (math.isfinite(gap) and gap > 0):
        return 6
    return min(max(math.ceil(math.log10(scale / gap)) + 2, 4), 15)


def _known(value: float, error: float) -> float:
    """Return the value without the digits that its error leaves open."""
    if not (math.isfinite(value) and math.isfinite(error) and error > 0):
        return value
    return round(value, 1 - math.floor(math.log10(error))) + 0.0


def _index(index: tuple[int, ...]) -> str:
    return f"({', '.join(str(int(i)) for i in index)})" if index else "—"
