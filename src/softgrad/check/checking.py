"""The check: build the subject, probe it, look at its manners, name what is wrong."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from softgrad.check.battery.choices import choices_of
from softgrad.check.battery.variants import ROWS
from softgrad.check.examine import Orders, examine, stopped
from softgrad.check.naming.likeness import family_named
from softgrad.check.report.pairs import unpaired
from softgrad.check.report.report import Report, Tally
from softgrad.check.subject.claims import FrameworkClaim
from softgrad.check.subject.plan import plan
from softgrad.check.subject.quiet import CodeRaised, OneGradient, quiet
from softgrad.check.subject.subject import Subject
from softgrad.errors import ArgumentError

__all__ = ["checked"]


def checked(
    f: Any,
    inputs: Any,
    claims: Mapping[str, Callable | None],
    *,
    wrt: str | tuple[str, ...] | None,
    like: Any,
    framework: str | None,
    vary: Mapping[str, Iterable[Any]] | None,
    battery: bool | Collection[str],
    progress: Callable[[int, int | None, str], None] | None,
    seed: int,
) -> Report:
    """Return the report on a function, as :func:`softgrad.check` describes it."""
    if not isinstance(seed, int) or seed < 0:
        raise ArgumentError(f"seed must be an integer ≥ 0; got {seed!r}")
    planned = plan(f, inputs, wrt, claims, framework)
    family = None if like is None else family_named(like)
    choices = choices_of(planned.forward, planned.inputs, planned.wrt, planned.claim, vary, family)
    unknown = [] if isinstance(battery, bool) else sorted(set(battery) - {row.name for row in ROWS})
    if unknown:
        raise ArgumentError(
            f"battery names {unknown[0]!r}, which is no row; rows: "
            f"{', '.join(row.name for row in ROWS)}"
        )
    orders = Orders(family, battery, choices, progress)
    tally = Tally()
    with quiet(planned.frame) as randomness:

        def report_on(names: tuple[str, ...]) -> Report:
            parts = (planned.frame, planned.function, planned.claim, planned.inputs)
            subject = Subject(*parts, names, tally, randomness)
            return unpaired(_either_way(subject, seed, orders), subject.complex)

        try:
            try:
                report = report_on(planned.wrt)
            except OneGradient:
                if wrt is not None:
                    raise
                report = report_on(planned.first)
        except CodeRaised as raised:
            report = stopped(raised)
        if report.ok is False:
            from softgrad.check.reproduce.snippet import snippet  # slow to import, for failures

            report = replace(report, snippet=snippet(f, claims, inputs, planned, report, seed))
    return replace(report, evaluations=Tally(tally.forward, tally.backward), seed=seed)


def _either_way(subject: Subject, seed: int, orders: Orders) -> Report:
    """Check a subject; a hand-written gradient by complex numbers may be written either way."""
    report = examine(subject, seed, orders)
    if report.ok is not False or not subject.complex or isinstance(subject.claim, FrameworkClaim):
        return report
    again = examine(subject.replace(conjugate=not subject.conjugate), seed, orders)
    told = "the gradient by a complex a + ib is written as its conjugate, ∂L/∂a − i ∂L/∂b"
    return replace(again, evidence=(told, *again.evidence)) if again.ok else report
