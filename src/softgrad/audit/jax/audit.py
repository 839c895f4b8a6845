"""Auditing a function of JAX's."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from softgrad.audit.jax.calls import custom, inputs_of, name_of
from softgrad.audit.jax.ledger import Entry, Ledger
from softgrad.audit.jax.traced import traced
from softgrad.audit.jax.whole import whole
from softgrad.audit.report.report import AuditReport
from softgrad.check import Report, check
from softgrad.errors import ArgumentError

__all__ = ["audit"]

_RELIES = Report(
    None,
    "alone it disagrees, at operands that are free; a primitive of JAX's own may rely on how they "
    "belong together",
)

Progress = Callable[[int, int | None, str], None]


def audit(
    model: Callable,
    args: tuple,
    kwargs: Mapping[str, Any],
    loss: Any,
    *,
    thorough: bool,
    battery: bool,
    entire: bool,
    progress: Progress | None,
    seed: int,
) -> AuditReport:
    """Return the report on a function at its arguments."""
    subject = traced(model, args, kwargs, loss)
    with subject.precision():
        ledger = Ledger(subject, thorough=thorough)
        if not ledger.entries:
            raise ArgumentError(
                "model returned nothing that depends on a floating input: there is no derivative"
            )

        def judged(entries: Collection[Entry]) -> list[tuple[Entry, Report]]:
            return [*_judged_all(entries, battery, progress, seed)]

        found = judged(ledger.entries.values() if thorough else ledger.kinds())
        guilty = any(report.ok is False and custom(entry.made.eqn) for entry, report in found)
        total = None if guilty or not entire else whole(subject, seed)
        suspect = total is not None and total.ok is not True
        if suspect and not thorough:
            found = judged(ledger.entries.values())  # what is wrong may lie in the values
    findings = (
        entry.finding(report if suspect else _own(entry, report)) for entry, report in found
    )
    calls = sum(entry.count for entry in ledger.entries.values())
    return AuditReport(tuple(findings), total, tuple(ledger.notes), calls, seed)


def _judged_all(
    entries: Collection[Entry], battery: bool, progress: Progress | None, seed: int
) -> Iterator[tuple[Entry, Report]]:
    for done, entry in enumerate(entries):
        if progress is not None:
            progress(done, len(entries), name_of(entry.made.eqn))
        yield entry, _judged(entry, battery, seed)


def _own(entry: Entry, report: Report) -> Report:
    """Return the report on an equation in a function in whose whole nothing is wrong.

    JAX's own primitives may rely on what only the function that calls them keeps: that a matrix is
    symmetric, or that two operands are factors of the third.
    """
    if report.ok is not False or custom(entry.made.eqn):
        return report
    return replace(_RELIES, evidence=(report.reason,), seed=report.seed)


def _judged(entry: Entry, battery: bool, seed: int) -> Report:
    made = entry.made
    inputs = inputs_of(made)
    active = tuple(n for n, k in zip(inputs, made.places, strict=True) if made.bits[k])
    function = _named(made.function, tuple(inputs))
    return check(function, inputs, wrt=active, battery=battery and custom(made.eqn), seed=seed)


def _named(function: Callable, names: tuple[str, ...]) -> Callable[..., Any]:
    """Return a function of arguments in order as one of arguments by name."""

    def call(**given: Any) -> tuple:
        return tuple(function(*(given[name] for name in names)))

    return call
