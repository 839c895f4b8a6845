"""Auditing a model of torch's."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from softgrad.audit.report.report import AuditReport, Finding
from softgrad.audit.torch.judge import Judge
from softgrad.audit.torch.ledger import Entry, Ledger
from softgrad.audit.torch.replay import replay
from softgrad.audit.torch.run import Run
from softgrad.audit.torch.tape import Call
from softgrad.audit.torch.whole import whole
from softgrad.check import Report
from softgrad.errors import ArgumentError

__all__ = ["audit"]

Progress = Callable[[int, int | None, str], None]


def audit(
    function: Callable,
    args: tuple,
    kwargs: Mapping[str, Any],
    loss: Callable | None,
    *,
    thorough: bool,
    battery: bool,
    entire: bool,
    progress: Progress | None,
    seed: int,
) -> AuditReport:
    """Return the report on a model at its batch."""
    _initialised(function)
    run = Run(function, args, kwargs, loss, seed)
    with warnings.catch_warnings(), run.undone():
        warnings.simplefilter("ignore")  # what the model warns of, training has told already
        ledger = Ledger(run)
        if ledger.total is None:
            raise ArgumentError(_nothing(ledger))
        reports = _judged(run, ledger, Judge(thorough, battery, seed), progress)
        findings = [_finding(ledger.entries[key], report) for key, report in reports.items()]
        guilty = any(finding.ok is False for finding in findings)
        total, notes = (None, []) if guilty or not entire else whole(run, ledger, seed)
    calls = sum(entry.count for entry in ledger.entries.values())
    return AuditReport(tuple(findings), total, (*ledger.notes, *notes), calls, seed)


def _initialised(function: Callable) -> None:
    """Raise for lazy parameters, for a first run would change the model."""
    named = function.named_parameters() if isinstance(function, torch.nn.Module) else ()
    lazy = [name for name, p in named if is_lazy(p)]
    if lazy:
        raise ArgumentError(f"model has parameters without a shape ({lazy[0]}): run it once first")


def _nothing(ledger: Ledger) -> str:
    """Say why there is nothing to audit."""
    told = "model returned nothing that requires a gradient, so there is nothing to audit; "
    if ledger.cuts:
        cut = ledger.cuts[-1]
        return told + f"it was cut off last by {cut.reason}{cut.call.where}"
    return told + "give loss= if its output becomes differentiable there"


def _judged(
    run: Run, ledger: Ledger, judge: Judge, progress: Progress | None
) -> dict[tuple, Report]:
    """Run once more and check each distinct call when it is made for the first time."""
    reports: dict[tuple, Report] = {}

    def make(call: Call) -> Any:
        key = call.key
        entry = ledger.entries.get(key)
        if entry is not None and key not in reports:
            if progress is not None:
                progress(len(reports), len(ledger.entries), call.name)
            reports[key] = judge.report(replay(call, entry.effects), own=call.own)
        return call.function(*call.args, **call.kwargs)

    run.total(make)
    return reports


def _finding(entry: Entry, report: Report) -> Finding:
    return Finding(
        entry.text,
        tuple(entry.places),
        entry.call.within,
        tuple(entry.modules),
        entry.count,
        report,
    )
