"""Guesses tested by changing a parameter and looking again."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Probe, Shot, beside, direction, probe
from softgrad.check.naming.guess import Guess
from softgrad.check.precision import SAFETY
from softgrad.check.report.finding import Finding
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["parameters", "replacements"]

_MODERATE = 4096
_IGNORED, _MISAPPLIED = "param_ignored", "param_misapplied"


def parameters(
    subject: Subject, shot: Shot, name: str, seed: int, whole: Probe | None = None
) -> Iterator[Guess]:
    """Ask whether the claim is the derivative of the function with another value of a parameter.

    Where the subject is a cut of the ``whole`` example, that is asked instead if it is of moderate
    size; or else what fits must fit it as well.
    """
    if whole is not None and whole.instrument.subject.n <= _MODERATE:
        subject, shot, whole = whole.instrument.subject, whole.first, None
    for other in subject.inputs:
        if other == name:
            continue
        for label, value, bug in replacements(subject, other):
            seen = _with(subject, shot, name, {other: value}, seed)
            if seen is None:
                continue
            residual, fits = seen
            told = f"{name}: your gradient is the right one with {label}"
            fits = fits and (whole is None or _holds(whole, name, other, label, seed))
            yield Guess(Finding(bug, told, residual=residual), fits)
    yield from _vanishes(subject, name, seed, whole)


def _with(
    subject: Subject, shot: Shot, name: str, changed: dict[str, object], seed: int
) -> tuple[float, bool] | None:
    """Return how far the claim is from the changed function's derivative, and whether it fits."""
    where = subject.slices[name]
    u = np.zeros(subject.n)
    u[where] = direction(beside(seed), where.stop - where.start)
    claim = np.where(u != 0, shot.d, 0.0)
    own = subject.eps
    try:
        gauge = Instrument(subject.replace(changed))
        if gauge.y.shape != shot.g.shape:
            return None
        slope = gauge.slope(shot.g, claim, u)
    except CodeRaised:
        return None
    size = max(slope.size, 1e-300)
    if not (slope.size > 0 and slope.error < max(1e-4, own) * size):
        return None
    slack = max(1e-6, own if own > 1e-4 else 0.0) * size + SAFETY * slope.error
    return abs(slope.residual) / size, abs(slope.residual) <= slack


def _holds(whole: Probe, name: str, other: str, label: str, seed: int) -> bool:
    """Return whether the same change of a parameter explains the whole example."""
    subject = whole.instrument.subject
    for told, value, _ in replacements(subject, other):
        if told == label:
            seen = _with(subject, whole.first, name, {other: value}, seed)
            return seen is not None and seen[1]
    return False


def _vanishes(
    subject: Subject, name: str, seed: int, whole: Probe | None = None
) -> Iterator[Guess]:
    """Ask whether the gradient is right once a parameter is neutral, of the whole example too."""
    for other in subject.inputs:
        if other in subject.wrt:
            continue
        for label, value, bug in replacements(subject, other):
            if bug != _IGNORED:
                continue
            if not _right_with(subject, name, {other: value}, seed):
                continue
            if whole is not None:
                there = whole.instrument.subject
                again = (v for told, v, _ in replacements(there, other) if told == label)
                if not any(_right_with(there, name, {other: v}, seed) for v in again):
                    continue
            told = f"{name}: your gradient is right with {label}, wrong with {other} as it is"
            yield Guess(Finding(_MISAPPLIED, told), True)
            return


def _right_with(subject: Subject, name: str, changed: dict[str, object], seed: int) -> bool:
    try:
        seen = probe(subject.replace(changed), seed, lines=1)
    except CodeRaised:
        return False
    if seen.status != "right":
        return False
    shot = seen.shots[0]
    return min(float(np.linalg.norm(shot.d[subject.slices[name]])), shot.slope.size) > 1e-6


def replacements(subject: Subject, name: str) -> Iterator[tuple[str, object, str]]:
    """Yield other values of a parameter: in words, the value, the bug of using that one."""
    value = subject.inputs[name]
    frame = subject.frame
    if isinstance(value, bool):
        yield f"{name} = {not value}", not value, _IGNORED
        return
    if isinstance(value, int):
        for other in (0, 1, value - 1, value + 1, -value):
            if other != value:
                bug = _IGNORED if other in (0, 1) else _MISAPPLIED
                yield f"{name} = {other}", other, bug
        return
    if isinstance(value, float):
        yield from _numbers(name, value)
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
                yield label, frame.like(other, value), _IGNORED
        yield f"the opposite of {name}", frame.like(~array, value), _MISAPPLIED
    elif array.dtype.kind == "f" and array.size:
        changes: list[tuple[str, Callable, str]] = [
            (f"{name} = 1", np.ones_like, _IGNORED),
            (f"{name} = 0", np.zeros_like, _IGNORED),
            (f"1 − {name} in place of {name}", lambda a: 1 - a, _MISAPPLIED),
            (f"1/{name} in place of {name}", lambda a: 1 / a, _MISAPPLIED),
            (f"{name}² in place of {name}", np.square, _MISAPPLIED),
            *_rearranged(name, array),
        ]
        for label, change, bug in changes:
            other = change(array)
            if np.isfinite(other).all() and not np.allclose(other, array):
                yield label, frame.like(other, value), bug


def _rearranged(
    name: str, array: np.ndarray
) -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray], str]]:
    """Yield how the same values get into other places."""
    for axis, length in enumerate(array.shape):
        if length < 2:
            continue
        on = f"{name} along axis {axis}"
        moves: dict[str, Callable] = {
            f"{on} turned round": partial(np.flip, axis=axis),
            f"{on} shifted by one": partial(np.roll, shift=1, axis=axis),
            f"{on} shifted back by one": partial(np.roll, shift=-1, axis=axis),
        }
        if length % 2 == 0 and length > 2:
            half = partial(np.roll, shift=length // 2, axis=axis)
            moves[f"the halves of {on} exchanged"] = half
        for label, move in moves.items():
            yield label, move, _MISAPPLIED
    if array.ndim > 1 and array.shape[-1] == array.shape[-2]:
        yield f"{name} transposed", lambda a: np.swapaxes(a, -1, -2), "transposed"


def _numbers(name: str, value: float) -> Iterator[tuple[str, float, str]]:
    found = {f"{name} = 1": (1.0, _IGNORED), f"{name} = 0": (0.0, _IGNORED)}
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
    found |= {f"{form} in place of {name}": (other, _MISAPPLIED) for form, other in forms.items()}
    for label, (other, bug) in found.items():
        if other != value:
            yield label, other, bug
