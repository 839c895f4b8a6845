"""Guesses tested by changing a parameter and looking again."""

from collections.abc import Callable, Iterator

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Shot, direction, probe
from softgrad.check.naming.guess import Guess
from softgrad.check.precision import SAFETY
from softgrad.check.report.finding import Finding
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["parameters", "replacements"]


def parameters(subject: Subject, shot: Shot, name: str, seed: int) -> Iterator[Guess]:
    """Ask whether the claim is the derivative of the function with another value of a parameter."""
    where = subject.slices[name]
    u = np.zeros(subject.n)
    u[where] = direction(np.random.default_rng(seed), where.stop - where.start)
    claim = np.where(u != 0, shot.d, 0.0)
    own = subject.eps
    for other in subject.inputs:
        if other == name:
            continue
        for label, value, neutral in replacements(subject, other):
            try:
                gauge = Instrument(subject.replace({other: value}))
                if gauge.y.shape != shot.g.shape:
                    continue
                slope = gauge.slope(shot.g, claim, u)
            except CodeRaised:
                continue
            size = max(slope.size, 1e-300)
            if not (slope.size > 0 and slope.error < max(1e-4, own) * size):
                continue
            slack = max(1e-6, own if own > 1e-4 else 0.0) * size + SAFETY * slope.error
            told = f"{name}: your gradient is the right one with {label}"
            bug = "param_ignored" if neutral else "param_misapplied"
            finding = Finding(bug, told, residual=abs(slope.residual) / size)
            yield Guess(finding, abs(slope.residual) <= slack)
    yield from _vanishes(subject, name, seed)


def _vanishes(subject: Subject, name: str, seed: int) -> Iterator[Guess]:
    """Ask whether the gradient is right once a parameter is neutral."""
    for other in subject.inputs:
        if other in subject.wrt:
            continue
        for label, value, neutral in replacements(subject, other):
            if not neutral:
                continue
            try:
                seen = probe(subject.replace({other: value}), seed, lines=1)
            except CodeRaised:
                continue
            if seen.status != "right":
                continue
            shot = seen.shots[0]
            size = float(np.linalg.norm(shot.d[subject.slices[name]]))
            if min(size, shot.slope.size) > 1e-6:
                told = f"{name}: your gradient is right only with {label}"
                yield Guess(Finding("param_misapplied", told), True)
                return


def replacements(subject: Subject, name: str) -> Iterator[tuple[str, object, bool]]:
    """Yield other values of a parameter: what that means, the value, whether it does nothing."""
    value = subject.inputs[name]
    frame = subject.frame
    if isinstance(value, float) and not isinstance(value, bool):
        for label, other, neutral in _numbers(name, value):
            yield label, other, neutral
        return
    if not frame.is_array(value):
        return
    array = frame.to_numpy(value)
    if array.dtype.kind == "b":
        for label, other in (
            (f"{name} all true", np.ones_like(array)),
            (f"{name} all false", np.zeros_like(array)),
        ):
            if (array != other).any():
                yield label, frame.like(other, value), True
        yield f"the opposite of {name}", frame.like(~array, value), False
    elif array.dtype.kind == "f" and array.size:
        changes: list[tuple[str, Callable, bool]] = [
            (f"{name} = 1", np.ones_like, True),
            (f"{name} = 0", np.zeros_like, True),
            (f"1 − {name} in place of {name}", lambda a: 1 - a, False),
            (f"1/{name} in place of {name}", lambda a: 1 / a, False),
            (f"{name}² in place of {name}", np.square, False),
        ]
        for label, change, neutral in changes:
            other = change(array)
            if np.isfinite(other).all() and not np.allclose(other, array):
                yield label, frame.like(other, value), neutral


def _numbers(name: str, value: float) -> Iterator[tuple[str, float, bool]]:
    found = {f"{name} = 1": (1.0, True), f"{name} = 0": (0.0, True)}
    forms = {
        f"1 − {name}": 1 - value,
        f"{name}²": value**2,
        f"−{name}": -value,
        f"2·{name}": 2 * value,
    }
    if value:
        forms[f"1/{name}"] = 1 / value
    if value > 0:
        forms[f"√{name}"] = value**0.5
    found |= {f"{form} in place of {name}": (other, False) for form, other in forms.items()}
    for label, (other, neutral) in found.items():
        if other != value:
            yield label, other, neutral
