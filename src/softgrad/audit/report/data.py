"""An audit's report as plain data, for JSON."""

from typing import TYPE_CHECKING, Any

from softgrad.audit.place import Place

if TYPE_CHECKING:
    from softgrad.audit.report.report import AuditReport, Finding

__all__ = ["as_data"]


def as_data(report: "AuditReport") -> dict[str, Any]:
    """Return the report as dicts, lists, strings and numbers."""
    return {
        "ok": report.ok,
        "calls": report.calls,
        "findings": [_finding(finding) for finding in report.findings],
        "whole": None if report.whole is None else report.whole.to_dict(),
        "notes": [
            {"kind": note.kind, "text": note.text, "place": _place(note.place)}
            for note in report.notes
        ],
        "seed": report.seed,
    }


def _finding(finding: "Finding") -> dict[str, Any]:
    return {
        "call": finding.call,
        "ok": finding.ok,
        "bug": finding.bug,
        "source": finding.source,
        "places": [_place(place) for place in finding.places],
        "within": _place(finding.within),
        "modules": list(finding.modules),
        "count": finding.count,
        "report": finding.report.to_dict(),
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"file": place.file, "line": place.line, "function": place.function}
