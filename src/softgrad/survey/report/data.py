"""A survey's report as plain data, for JSON."""

import math
from typing import TYPE_CHECKING, Any

from softgrad.survey.report.report import Cell, Measurement

if TYPE_CHECKING:
    from softgrad.survey.report.report import SurveyReport

__all__ = ["as_data"]


def as_data(report: "SurveyReport") -> dict[str, Any]:
    """Return the report as dicts, lists, strings and numbers."""
    return {
        "ok": report.ok,
        "versions": report.versions,
        "absent": list(report.absent),
        "cells": [_cell(cell) for cell in report.cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "library": cell.library,
        "version": cell.version,
        "api": cell.api,
        "member": cell.member,
        "option": cell.option,
        "dtype": cell.dtype,
        "order": cell.order,
        "verdict": cell.verdict,
        "tried": cell.tried,
        "failed": len(cell.failures),
        "strays": [_measurement(each) for each in cell.strays],
        "worst": _measurement(cell.worst) if cell.worst else None,
        "snippet": cell.snippet or None,
    }


def _measurement(made: Measurement) -> dict[str, Any]:
    return {
        "row": made.row,
        "layout": made.layout,
        "direction": made.kind,
        "verdict": made.verdict,
        "ulp": _number(made.ulp),
        "claimed": _number(made.claimed),
        "true": _number(made.true),
        "message": made.message,
    }


def _number(value: float) -> float | str:
    """Return a number, or a string where it is not finite: JSON has no other name for it."""
    return value if math.isfinite(value) else str(value)
