"""The order in which a subject is looked at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from softgrad.check.battery.run import Judge, Progress, battery
from softgrad.check.battery.variant import Variant
from softgrad.check.contract import manners, numerics, order
from softgrad.check.contract.saturation import saturated
from softgrad.check.measure import kinks
from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Probe, Shot, probe
from softgrad.check.naming.likeness import likened
from softgrad.check.report.finding import Finding
from softgrad.check.report.report import Report
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject
from softgrad.function import Function

if TYPE_CHECKING:
    from softgrad.check.naming.diagnose import Diagnosis

__all__ = ["RIGHT", "Orders", "conclude", "examine", "stopped"]

RIGHT = "the derivative agrees with the function"
_STEPS = 1e-6
_ROUNDING = 64.0
_FINE = 1e-4
_DIGIT, _DIGITS = 256.0, 1e-6


@dataclass(frozen=True)
class Orders:
    """What is wanted of an examination.

    Parameters
    ----------
    like
        The family's function that the subject is meant to be.
    battery
        Whether other examples are made and looked at, or the names of the rows that make them.
    choices
        Values to try for each parameter.
    progress
        Called before each row of the battery.
    """

    like: Function | None = None
    battery: bool | Collection[str] = True
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    progress: Progress | None = None


def examine(subject: Subject, seed: int, orders: Orders) -> Report:
    """Return the report on a subject; the code under check may raise ``CodeRaised``."""
    like = orders.like
    gauge = Instrument(subject)
    if like is not None:
        call, gap = likened(subject, gauge.y, like)
        if call is None:
            told = f"the function is not {like.name}"
            return Report(
                False, told + (f": its value is off by {gap:.3g}" if gap < np.inf else "")
            )
    seen = probe(subject, seed, instrument=gauge)
    report = conclude(subject, seen, seed, like)
    if report.ok is False:
        return report
    if report.ok and (found := _manners(subject, seen, seed)):
        return wrong(found, subject.wrt)
    if orders.battery:
        judge, names = _judge(seen, like), None if orders.battery is True else orders.battery
        elsewhere = battery(subject, seed, judge, orders.choices, orders.progress, names)
        if seen.shots and (stale := manners.lasting(seen, seed)):
            return wrong(stale, subject.wrt)
        if elsewhere is not None:
            here = (f"at the example: {report.reason}",) if report.ok is None else ()
            return replace(elsewhere, evidence=(*elsewhere.evidence, *here))
    if report.ok is None:
        return report
    later = order.second_order(seen, seed) or order.forward_mode(seen, seed)
    return report if later is None else wrong(later, subject.wrt)


def _judge(seen: Probe, like: Function | None) -> Judge:
    """Return how the battery looks at its variants, after what was seen at the example."""
    size = max((float(np.linalg.norm(shot.d)) for shot in seen.shots), default=0.0)
    most = seen.instrument.subject.eps**-0.75 * size

    def rounding(shot: Shot, eps: float) -> bool:
        """Return whether what is off is small beside the gradient here or at the example."""
        share = max(_DIGITS, _DIGIT * eps) * float(np.linalg.norm(shot.d))
        return abs(shot.slope.residual) <= max(_ROUNDING * eps * size, share)

    def report(variant: Variant, seed: int) -> Report:
        subject = variant.subject
        if subject.n == 0:
            return _empty(subject)
        at = probe(subject, seed, lines=1)
        if at.status == "overflow":
            return Report(None, "the function itself is not finite there")
        if at.status == "kinked":
            return Report(None, "the example was moved to a kink, where any slope between is right")
        if at.status == "wrong" and all(rounding(shot, subject.eps) for shot in at.shots):
            return Report(None, "what is off there may be the function's own rounding")
        if at.status == "wrong" and 0 < most < min(float(np.linalg.norm(s.d)) for s in at.shots):
            return Report(None, "there the function may be the quotient of two roundings")
        if variant.foreign and _own_idea(at):
            return Report(None, "the derivative is not meant for this, or declares its own idea")
        found = conclude(subject, at, seed, like)
        if found.ok and at.gradient is not None and (touched := manners.side_effects(at.gradient)):
            return wrong(touched, subject.wrt)
        return found

    def fails(subject: Subject, seed: int) -> bool:
        try:
            at = probe(subject, seed, lines=1)
        except CodeRaised:
            return False
        return at.status in ("wrong", "nonfinite", "misshapen")

    return Judge(report, fails)


def _own_idea(seen: Probe) -> bool:
    """Return whether the claim is a surrogate, or not made for such an example.

    Surrogates are told by functions that only move in steps (rounding, a hard sample) or write
    into their inputs (a layer that renormalises its weights).
    """
    if seen.gradient is None or seen.gradient.touched or seen.gradient.misshapen:
        return True
    return bool(seen.shots) and all(
        shot.slope.size <= _STEPS * float(np.linalg.norm(shot.d)) for shot in seen.shots
    )


def _empty(subject: Subject) -> Report:
    """Look at the shape and dtype of the gradient where there are no entries."""
    gradient = subject.pull(np.ones(subject.forward().size))
    shaped = manners.form(subject, gradient)
    return Report(True, RIGHT) if shaped is None else wrong(shaped, subject.wrt)


def conclude(subject: Subject, seen: Probe, seed: int, like: Function | None = None) -> Report:
    """Turn what the probe saw at one point into a report; where it is wrong, say how."""
    if seen.status == "nonfinite":
        found = numerics.nonfinite(seen)
        if found:
            return wrong(found, subject.wrt)
        return _elsewhere(subject, seen, seed, like)
    if seen.status == "overflow":
        return wrong(numerics.overflowed(seen), subject.wrt)
    if seen.status == "vacuous":
        return Report(None, "the function has no finite output here")
    if seen.gradient is not None:
        shaped = manners.form(subject, seen.gradient)
        if shaped:
            return wrong(shaped, subject.wrt)
    if seen.status == "wrong" and not _confirmed(subject, seen, seed):
        if _within_the_widest(seen):
            return Report(True, RIGHT)
        return Report(None, "the measurements contradict each other: there may be no derivative")
    if seen.status == "wrong":
        named = _diagnosed(seen, seed, like)
        return wrong(named.finding, subject.wrt, named.wrong)
    if seen.status == "kinked":
        return _kinked(subject, seen, seed)
    if seen.status == "blind":
        if found := _repeats(subject, seen, seed):  # as if rounding moved it by that much
            return wrong(found, subject.wrt)
        return Report(None, "the derivative cannot be measured here")
    return Report(True, RIGHT)


def _diagnosed(seen: Probe, seed: int, like: Function | None = None) -> "Diagnosis":
    """Name what is wrong; a verdict is not lost because its name could not be looked for."""
    from softgrad.check.naming.diagnose import Diagnosis, diagnose  # slow to import, for failures

    try:
        return diagnose(_sharper(seen, seed), seed, like)
    except CodeRaised:
        raise
    except Exception as error:
        told = f"softgrad could not look for a name ({type(error).__name__}: {error})"
        return Diagnosis(
            Finding("", "the derivative differs from the function's", facts=(told,)), {}
        )


def _sharper(seen: Probe, seed: int) -> Probe:
    """Return the same difference in float64 if it is there as well: many names fit few digits."""
    subject = seen.instrument.subject
    wide = subject.in_float64() if subject.eps > _FINE else None
    again = seen if wide is None else probe(wide, seed)
    return again if again.status == "wrong" else seen


def _elsewhere(subject: Subject, seen: Probe, seed: int, like: Function | None) -> Report:
    """Judge the entries beside those whose derivative may well not exist."""
    assert seen.gradient is not None
    seen.instrument.excuse(~np.isfinite(seen.gradient.flat))
    if seen.instrument.free.any():
        again = probe(subject, seed, instrument=seen.instrument)
        if again.status in ("wrong", "nonfinite"):
            return conclude(subject, again, seed, like)
    return Report(None, "the gradient is not finite, and whether it should be cannot be measured")


def _confirmed(subject: Subject, seen: Probe, seed: int) -> bool:
    """Look again along other directions and with other steps: all must disagree with the claim.

    With few digits a look may miss, for its bound is a tenth of what it looks for: half suffice.
    """
    coarse = subject.eps > _FINE
    looks = 6 if coarse else 2
    try:
        again = [
            probe(subject, seed + 7919 * k, lines=2, factor=f, instrument=seen.instrument)
            for k, f in zip(range(1, looks + 1), cycle((0.7, 1.4)))
        ]
    except CodeRaised:
        return False
    one, two = (each.first.u for each in again[:2])
    if not seen.instrument.differentiable(seen.first.g, one, two):
        return False
    seen.shots += [shot for each in again for shot in each.shots]
    missed = sum(each.status == "right" for each in again)
    if missed <= (looks // 2 if coarse else 0):
        return all(
            not shot.wrong or seen.instrument.persists(shot.g, shot.d, shot.u, shot.slope)
            for shot in (each.first for each in (seen, *again) if each.status != "right")
        )
    return _repeats(subject, seen, seed) is not None


def _within_the_widest(seen: Probe) -> bool:
    """Return whether one of the looks has a bound that all differences respect.

    Each bound rests on a single draw of the rounding in f, which may be small by chance.
    """
    bounds = [shot.bound for shot in seen.shots if not shot.blind]
    residuals = [abs(shot.slope.residual) for shot in seen.shots]
    fine = seen.instrument.subject.eps <= _FINE
    return fine and max(residuals) <= max(bounds, default=0.0)


def _repeats(subject: Subject, seen: Probe, seed: int) -> Finding | None:
    """Ask again for the gradient that differs most."""
    shot, gradient = seen.first, seen.gradient
    assert gradient is not None
    found = replace(gradient, flat=shot.d)
    return manners.repeats(subject.onto(shot.u), shot.g, found, seed)


def _kinked(subject: Subject, seen: Probe, seed: int) -> Report:
    judged = kinks.judge(seen, seed)
    count = int(judged.kinked.sum())
    if judged.along or judged.wrong.any():
        named = _diagnosed(seen, seed)
        masks = subject.split(judged.wrong)
        finding = named.finding
        if not finding.bug:
            finding = Finding("kink_or_tie", "outside the one-sided slopes at a kink")
        return replace(wrong(finding, subject.wrt, dict(masks)), kinks=count)
    if not judged.settled:
        return Report(None, "kinks everywhere: the entries could not all be measured", kinks=count)
    return Report(True, f"{RIGHT}; at its kinks it lies between the one-sided slopes", kinks=count)


def _manners(subject: Subject, seen: Probe, seed: int) -> Finding | None:
    """Look at what a derivative that is right at this point may still get wrong here."""
    gradient = seen.gradient
    if gradient is None or not seen.shots:
        return None
    g, subject = seen.shots[0].g, subject.onto(seen.shots[0].u)
    return (
        manners.side_effects(gradient)
        or saturated(seen, seed)
        or manners.repeats(subject, g, gradient, seed)
        or manners.interleaved(subject, g, gradient, seed)
        or manners.overtaken(subject, g, gradient, seed)
        or manners.additive(seen, seed)
    )


def wrong(
    found: Finding, wrt: tuple[str, ...], masks: Mapping[str, np.ndarray | None] | None = None
) -> Report:
    """Return the report on a finding."""
    where = {**found.wrong, **(masks or {})}
    known = {name: mask for name in wrt if (mask := where.get(name)) is not None}
    return Report(
        False,
        found.evidence,
        found.bug or None,
        known or None,
        entries=found.entries,
        evidence=found.facts,
        formula=found.formula,
        fix=found.fix,
        runner_up=found.runner_up,
        trigger=found.trigger,
        pictures=found.pictures,
    )


def stopped(raised: CodeRaised) -> Report:
    """Return the report on code that raised: only the derivative's own error makes it wrong."""
    return Report(None if raised.stage == "the function" else False, f"{raised}.")
