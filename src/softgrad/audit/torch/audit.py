"""Auditing a model of torch's."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from softgrad.audit.report.report import AuditReport, Finding
from softgrad.audit.torch.ledger import Entry, Ledger
from softgrad.audit.torch.replay import Replay, replay, widened
from softgrad.audit.torch.run import Run
from softgrad.audit.torch.tape import Call
from softgrad.audit.torch.whole import whole
from softgrad.check import Report, check
from softgrad.errors import ArgumentError

__all__ = ["audit"]

Progress = Callable[[int, int | None, str], None]


def audit(
    function: Callable,
    args: tuple,
    kwargs: Mapping[str, Any],
    loss: Callable | None,
    *,
    thorough: bool = False,
    battery: bool,
    entire: bool = True,
    progress: Progress | None,
    seed: int,
) -> AuditReport:
    """Return the report on a model at its batch."""
    run = Run(function, args, kwargs, loss, seed)
    with run.undone():
        ledger = Ledger(run)
        if ledger.total is None:
            raise ArgumentError(
                "model returned nothing that requires a gradient, so there is nothing to audit; "
                "give loss= if its output becomes differentiable there"
            )
        reports = _judged(run, ledger, battery, progress, seed)
        findings = [_finding(ledger.entries[key], report) for key, report in reports.items()]
        guilty = any(finding.ok is False for finding in findings)
        total = None if guilty or not entire else whole(run, ledger.cuts, seed)
    calls = sum(entry.count for entry in ledger.entries.values())
    return AuditReport(tuple(findings), total, tuple(ledger.notes), calls, seed)


def _judged(
    run: Run, ledger: Ledger, battery: bool, progress: Progress | None, seed: int
) -> dict[tuple, Report]:
    """Run once more and check each distinct call when it is made for the first time."""
    reports: dict[tuple, Report] = {}

    def make(call: Call) -> Any:
        key = call.key
        entry = ledger.entries.get(key)
        if entry is not None and key not in reports:
            if progress is not None:
                progress(len(reports), len(ledger.entries), call.name)
            reports[key] = _checked(replay(call, entry.effects), call, battery, seed)
        return call.function(*call.args, **call.kwargs)

    run.total(make)
    return reports


def _checked(example: Replay, call: Call, battery: bool, seed: int) -> Report:
    """Check one call, in float64 if it takes that."""
    wide = {name: widened(value) for name, value in example.inputs.items()}
    inputs = wide if _takes(example.function, wide) else example.inputs
    rows = battery and not call.own
    return check(example.function, dict(inputs), wrt=example.wrt, battery=rows, seed=seed)


def _takes(function: Callable, inputs: Mapping[str, Any]) -> bool:
    try:
        with torch.no_grad():
            return all(out.dtype in (torch.float64, torch.complex128) for out in function(**inputs))
    except Exception:
        return False


def _finding(entry: Entry, report: Report) -> Finding:
    return Finding(
        entry.text,
        tuple(entry.places),
        entry.call.within,
        tuple(entry.modules),
        entry.count,
        report,
    )
