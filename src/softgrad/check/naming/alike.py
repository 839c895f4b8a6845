"""``like=``: the claim compared with every wrong derivative that the family's records give."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from softgrad.check.measure.probe import Probe
from softgrad.check.naming.faults import Fault, faults, sketch
from softgrad.check.naming.guess import Guess, distance, fitting, winner
from softgrad.check.naming.likeness import Likeness, likened
from softgrad.check.naming.written import written
from softgrad.check.report.finding import Finding
from softgrad.check.subject.subject import Subject
from softgrad.function import Function

__all__ = ["alike"]

Shots = list[tuple[np.ndarray, np.ndarray]]


def alike(seen: Probe, like: Function | None) -> tuple[Finding | None, str | None]:
    """Return the best structural explanation and the right formula."""
    if like is None:
        return None, None
    subject = seen.instrument.subject
    call, _ = likened(subject, seen.instrument.y, like)
    names = [] if call is None else [name for name in subject.wrt if name in call.names]
    if call is None or not names:
        return None, None
    formula = written(call)
    shots = [(shot.g, shot.d) for shot in seen.shots]
    noise = 2 * subject.eps
    with np.errstate(all="ignore"):
        found = winner(_guesses(subject, call, names, shots), noise)
    if found is None:
        return None, formula
    return replace(found, formula=formula, fix=f"compute {formula}."), formula


def _guesses(subject: Subject, call: Likeness, names: list[str], shots: Shots) -> Iterator[Guess]:
    claims = [_marked(subject.split(d), names) for _, d in shots]
    truths = [_marked(call.gradient(g), names) for g, _ in shots]
    off = max(map(distance, claims, truths))
    eps = subject.eps
    slack = max(1e-6, 16 * eps)
    for fault in faults(call):
        predicted = _predicted(fault, shots, names)
        if predicted is None or any(
            a.shape != b.shape for a, b in zip(predicted, claims, strict=True)
        ):
            continue
        if max(map(distance, truths, predicted)) <= 10 * eps:
            continue  # on this function the edit changes nothing
        residual = max(map(distance, claims, predicted))
        if not np.isfinite(residual):
            continue
        fits = residual <= slack and residual <= 0.2 * off
        told = f"your gradient is that of {call.function.name} with {fault.label}"
        told += fitting(residual) if fits else ""
        finding = Finding(fault.bug, told, residual=residual)
        yield Guess(finding, fits, np.concatenate(predicted))


def _marked(gradients: dict[str, np.ndarray], names: list[str]) -> np.ndarray:
    return sketch({name: gradients[name] for name in names})


def _predicted(fault: Fault, shots: Shots, names: list[str]) -> list[np.ndarray] | None:
    try:
        return [_marked(fault.gradient(g), names) for g, _ in shots]
    except (ValueError, IndexError):
        return None
