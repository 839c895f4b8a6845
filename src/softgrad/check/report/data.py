"""The report as plain data, for JSON."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from softgrad.check.report.finding import Finding
from softgrad.check.report.vocabulary import BUGS

if TYPE_CHECKING:
    from softgrad.check.report.report import Report

__all__ = ["as_data"]


def as_data(report: "Report") -> dict[str, Any]:
    """Return the report as dicts, lists, strings and numbers.

    ``wrong`` lists the indices of the wrong entries; a number that is not finite is a string, such
    as ``"nan"``, because JSON has none.
    """
    wrong = None
    if report.wrong is not None:
        wrong = {name: np.argwhere(mask).tolist() for name, mask in report.wrong.items()}
    return {
        "ok": report.ok,
        "reason": report.reason,
        "bug": report.bug,
        "family": BUGS[report.bug].family if report.bug else None,
        "wrong": wrong,
        "entries": [
            {
                "input": entry.input,
                "index": [int(i) for i in entry.index],
                "claimed": _number(entry.claimed),
                "true": _number(entry.true),
                "error": _number(entry.error),
            }
            for entry in report.entries
        ],
        "explanation": report.explanation,
        "evidence": list(report.evidence),
        "formula": report.formula,
        "fix": report.fix,
        "runner_up": _other(report.runner_up),
        "trigger": report.trigger,
        "kinks": report.kinks,
        "evaluations": {
            "forward": report.evaluations.forward,
            "backward": report.evaluations.backward,
        },
        "seed": report.seed,
        "snippet": report.snippet,
    }


def _other(found: Finding | None) -> dict[str, Any] | None:
    if found is None:
        return None
    residual = None if found.residual is None else _number(found.residual)
    return {"bug": found.bug or None, "evidence": found.evidence, "residual": residual}


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))
