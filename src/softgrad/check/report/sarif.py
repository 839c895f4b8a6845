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


def log(
    checked: "Iterable[tuple[Report, Any]]", remarks: Iterable[tuple[str, str, Any]] = ()
) -> dict[str, Any]:
    """Return one log of several reports, each with its location.

    Parameters
    ----------
    checked
        Pairs of a report and what :func:`~softgrad.check.report.location.location_of` takes: the
        checked function, ``(path, line)`` or ``None``.
    remarks
        Warnings about what is no wrong derivative: a kind, a sentence and a location.
    """
    results = [_result(report, place) for report, place in checked if report.ok is not True]
    results += [_remark(*remark) for remark in remarks]
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
    return result | _located(place)


def _remark(kind: str, text: str, place: Any) -> dict[str, Any]:
    told = {"ruleId": kind, "kind": "fail", "level": "warning", "message": {"text": text}}
    return told | _located(place)


def _located(place: Any) -> dict[str, Any]:
    found = location_of(place)
    if found is None:
        return {}
    path, line = found
    where = uri(path)
    address = {"uri": where if ":" in where else quote(where)}
    return {
        "locations": [
            {"physicalLocation": {"artifactLocation": address, "region": {"startLine": line}}}
        ]
    }
