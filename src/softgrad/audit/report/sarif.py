"""An audit's report as a SARIF 2.1.0 log: a result at each line that makes a guilty call."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from softgrad.audit.place import Place
from softgrad.audit.report.text import WHOLE
from softgrad.check.report import sarif

if TYPE_CHECKING:
    from softgrad.audit.report.report import AuditReport
    from softgrad.check import Report

__all__ = ["log"]

Address = tuple[str, int] | None


def log(report: "AuditReport") -> dict[str, Any]:
    """Return the log: what is wrong or undecided of each call, what was noticed as warnings."""
    remarks = [(note.kind, note.text, _address(note.place)) for note in report.notes]
    return sarif.log(_checked(report), remarks)


def _checked(report: "AuditReport") -> "Iterator[tuple[Report, Address]]":
    for finding in report.findings:
        told = _about(finding.call, finding.report)
        for place in finding.places or (finding.within,):
            yield told, _address(place)
    if report.whole is not None:
        yield _about(WHOLE, report.whole), None


def _about(what: str, report: "Report") -> "Report":
    return replace(report, reason=f"{what}: {report.reason}")


def _address(place: Place | None) -> Address:
    return None if place is None else (place.file, place.line)
