"""Trying the derivative where the user's example does not look."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from softgrad.check.battery.variants import Variant, variants
from softgrad.check.report.report import Report
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["battery"]

_MOST_ENTRIES = 100_000


def battery(subject: Subject, seed: int, judge: Callable[[Subject, int], Report]) -> Report | None:
    """Return the report of the first variant at which the derivative is wrong.

    A variant at which the function raises or is not finite is no example and is passed over.
    """
    if subject.n > _MOST_ENTRIES:
        return None
    shapes = [shape for shape, _ in subject.outputs]
    for k, variant in enumerate(variants(subject, seed)):
        try:
            if not _meant(variant, shapes):
                continue
            report = judge(variant.subject, seed + k)
        except CodeRaised:
            continue
        # A lack of digits shows at the user's own example; elsewhere it may be the function's.
        if report.ok is False and report.bug != "low_precision":
            return _told(report, variant, subject)
    return None


def _meant(variant: Variant, shapes: list[tuple[int, ...]]) -> bool:
    """Return whether the function accepts the example as one of its kind."""
    subject = variant.subject
    y = subject.forward()
    if not np.isfinite(y).any():
        return False
    if variant.bug != "":
        return True
    return any(
        len(new) == len(old) and new != old and new[:-1] == old[:-1] and new[-1] == old[-1] + 1
        for (new, _), old in zip(subject.outputs, shapes, strict=False)
    )


def _told(report: Report, variant: Variant, subject: Subject) -> Report:
    same = variant.subject.shapes == subject.shapes
    return replace(
        report,
        bug=variant.bug or report.bug,
        wrong=report.wrong if same else None,
        trigger=variant.trigger,
    )
