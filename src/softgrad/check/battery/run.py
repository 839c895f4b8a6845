"""Trying the derivative where the user's example does not look."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from softgrad.check.battery.threshold import threshold
from softgrad.check.battery.variant import Variant
from softgrad.check.battery.variants import ROWS, variants_of
from softgrad.check.naming.shrink import smaller
from softgrad.check.report.report import Report
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["Judge", "Progress", "battery"]

_MOST_ENTRIES = 100_000
_MOST_EVALUATIONS = 4_000
_MOST_WORK = 6e7  # entries seen by all evaluations together

Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Judge:
    """How a variant is looked at.

    Parameters
    ----------
    report
        Judges it in full; ``parameter`` tells that the function is another one there.
    fails
        Tells only whether the derivative is wrong there.
    """

    report: Callable[[Variant, int], Report]
    fails: Callable[[Subject, int], bool]


@dataclass
class _Budget:
    """What the battery may spend, counted in evaluations: the same on every machine."""

    subject: Subject
    work: float = 0.0
    start: int = field(init=False)
    before: int = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.before = self._evaluations()

    def _evaluations(self) -> int:
        return self.subject.tally.forward + self.subject.tally.backward

    def spend(self, subject: Subject) -> None:
        """Count what was evaluated since, at an example of this size."""
        now = self._evaluations()
        self.work += (now - self.before) * subject.n
        self.before = now

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.before - self.start > _MOST_EVALUATIONS or self.work > _MOST_WORK


def battery(
    subject: Subject,
    seed: int,
    judge: Judge,
    choices: Mapping[str, tuple[Any, ...]],
    progress: Progress | None = None,
    names: Collection[str] | None = None,
) -> Report | None:
    """Return the report of the first variant at which the derivative is wrong.

    Only the rows of these ``names`` are tried, or all.

    A variant at which the function raises or is not finite is no example and is passed over. A
    large example is cut to a small one first.
    """
    if subject.n > _MOST_ENTRIES:
        subject = next(smaller(subject), subject)
        if subject.n > _MOST_ENTRIES:
            return None
    budget = _Budget(subject)
    rows = [row for row in ROWS if names is None or row.name in names]
    for k, row in enumerate(rows):
        if progress is not None:
            progress(k, len(rows), row.name)
        for variant in _made(variants_of(row, subject, seed, choices)):
            if budget.spent:
                return None
            report = _tried(variant, seed, judge)
            budget.spend(variant.subject)
            if report is not None:
                return _told(report, variant, subject, seed, judge)
    return None


def _made(variants: Iterator[Variant]) -> Iterator[Variant]:
    """Yield variants as long as the code under check puts up with them."""
    with suppress(CodeRaised):
        yield from variants


def _tried(variant: Variant, seed: int, judge: Judge) -> Report | None:
    """Return the report on a variant where the derivative is wrong, ``None`` elsewhere.

    The variant is the checker's idea, not the user's: whatever breaks there says nothing.
    """
    try:
        report = judge.report(variant, seed)
    except CodeRaised:
        return None
    # A lack of digits shows at the user's own example; elsewhere it may be the function's.
    return report if report.ok is False and report.bug != "low_precision" else None


def _told(report: Report, variant: Variant, subject: Subject, seed: int, judge: Judge) -> Report:
    """Put the trigger into the report: that of the control where it fails as well."""
    if variant.control is not None and judge.fails(variant.control.subject, seed):
        variant = variant.control
    trigger = next(
        (told for dial in variant.dials if (told := threshold(dial, seed, judge.fails))),
        variant.trigger,
    )
    same = variant.subject.shapes == subject.shapes
    return replace(
        report,
        bug=variant.bug or report.bug,
        wrong=report.wrong if same else None,
        trigger=trigger,
        example=variant.subject.native(),
    )
