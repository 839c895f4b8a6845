"""Auditing a model of torch's."""

import warnings
from collections.abc import Callable, Mapping
from itertools import count
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

_LOST = Report(None, "the run does not repeat itself: made again, it did not make this call")

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
        findings = [_finding(entry, reports.get(k, _LOST)) for k, entry in _firsts(ledger).items()]
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


def _judged(run: Run, ledger: Ledger, judge: Judge, progress: Progress | None) -> dict[int, Report]:
    """Run once more and check each distinct call when it is made for the first time.

    Calls are found again by when they are made: a script that is run anew makes new functions.
    """
    reports: dict[int, Report] = {}
    firsts, made = _firsts(ledger), count(1)

    def make(call: Call) -> Any:
        entry = firsts.get(k := next(made))
        if entry is not None and entry.call.name == call.name:
            if progress is not None:
                progress(len(reports), len(firsts), call.name)
            reports[k] = judge.report(replay(call, entry.effects), own=call.own)
        return call.function(*call.args, **call.kwargs)

    run.total(make)
    return reports


def _firsts(ledger: Ledger) -> dict[int, Entry]:
    return {entry.first: entry for entry in ledger.entries.values()}


def _finding(entry: Entry, report: Report) -> Finding:
    return Finding(
        entry.text,
        tuple(entry.places),
        entry.call.within,
        tuple(entry.modules),
        entry.count,
        report,
    )
