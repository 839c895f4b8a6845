"""Reports as a SARIF 2.1.0 log: what code hosts and editors show beside the source.

Rules are the bugs of the vocabulary. A wrong derivative is an error; an undecided one is an open
question; a right one gives no result.
"""

from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from softgrad.check.report.location import location_of, uri
from softgrad.check.report.vocabulary import BUGS, Bug

if TYPE_CHECKING:
    from softgrad.check.report.report import Report

__all__ = ["log"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

UNNAMED = Bug(
    "wrong_gradient",
    "formula",
    "the derivative differs from the function's, in no way that has a name",
    "dx = Jᵀ g: dx_j = Σ_i g_i ∂y_i/∂x_j.",
    "look at the entries listed.",
)
RULES = (*BUGS.values(), UNNAMED)
_INDEX = {rule.name: k for k, rule in enumerate(RULES)}


def log(checked: "Iterable[tuple[Report, Any]]") -> dict[str, Any]:
    """Return one log of several reports, each with its location.

    Parameters
    ----------
    checked
        Pairs of a report and what :func:`~softgrad.check.report.location.location_of` takes: the
        checked function, ``(path, line)`` or ``None``.
    """
    results = [_result(report, place) for report, place in checked if report.ok is not True]
    driver: dict[str, Any] = {"name": "softgrad", "rules": [_rule(rule) for rule in RULES]}
    with suppress(metadata.PackageNotFoundError):  # when run from its sources
        driver["version"] = metadata.version("softgrad")
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(bug: Bug) -> dict[str, Any]:
    told = f"{bug.meaning[0].upper()}{bug.meaning[1:]}."
    advice = f"Right: {bug.formula}\nFix: {bug.fix}"
    return {
        "id": bug.name,
        "name": "".join(word.capitalize() for word in bug.name.split("_")),
        "shortDescription": {"text": told},
        "help": {"text": f"{told}\n{advice}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["gradient", bug.family]},
    }


def _result(report: "Report", place: Any) -> dict[str, Any]:
    wrong = report.ok is False
    name = report.bug or UNNAMED.name
    result: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": _INDEX[name],
        "kind": "fail" if wrong else "open",
        "level": "error" if wrong else "none",
        "message": {"text": report.explanation},
        "properties": {"seed": report.seed},
    }
    found = location_of(place)
    if found is not None:
        path, line = found
        where = uri(path)
        address = {"uri": where if ":" in where else quote(where)}
        result["locations"] = [
            {"physicalLocation": {"artifactLocation": address, "region": {"startLine": line}}}
        ]
    return result
