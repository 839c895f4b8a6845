"""Auditing a function of JAX's."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from softgrad.audit.jax.calls import custom, inputs_of, name_of
from softgrad.audit.jax.ledger import Entry, Ledger
from softgrad.audit.jax.traced import traced
from softgrad.audit.jax.whole import whole
from softgrad.audit.report.report import AuditReport, Finding
from softgrad.check import Report, check
from softgrad.errors import ArgumentError

__all__ = ["audit"]

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

        def findings(entries: Collection[Entry]) -> tuple[Finding, ...]:
            return tuple(_found(entries, battery, progress, seed))

        found = findings(ledger.entries.values() if thorough else ledger.kinds())
        guilty = any(finding.ok is False for finding in found)
        total = None if guilty or not entire else whole(subject, seed)
        if not thorough and total is not None and total.ok is not True:
            found = findings(ledger.entries.values())  # what is wrong may lie in the values
    calls = sum(entry.count for entry in ledger.entries.values())
    return AuditReport(found, total, tuple(ledger.notes), calls, seed)


def _found(
    entries: Collection[Entry], battery: bool, progress: Progress | None, seed: int
) -> Iterator[Finding]:
    for done, entry in enumerate(entries):
        if progress is not None:
            progress(done, len(entries), name_of(entry.made.eqn))
        yield entry.finding(_judged(entry, battery, seed))


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
