"""Names found by changing something and looking again: parameters, samples, stages, precision."""

from collections.abc import Callable, Iterator

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Shot, direction, probe
from softgrad.check.precision import digits, epsilon
from softgrad.check.report.finding import Finding
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["leaks_between_samples", "parameters", "precision", "replacements", "stages", "strides"]

_SAFETY = 8.0


def parameters(subject: Subject, shot: Shot, name: str, seed: int) -> Finding | None:
    """Ask whether the claim is the derivative of the function with another value of a parameter."""
    where = subject.slices[name]
    u = np.zeros(subject.n)
    u[where] = direction(np.random.default_rng(seed), where.stop - where.start)
    for other in subject.inputs:
        if other == name:
            continue
        for label, value, neutral in replacements(subject, other):
            changed = subject.replace({other: value})
            try:
                gauge = Instrument(changed)
                if gauge.y.shape != shot.g.shape:
                    continue
                slope = gauge.slope(shot.g, np.where(u != 0, shot.d, 0.0), u)
            except CodeRaised:
                continue
            size = max(slope.size, 1e-300)
            fits = slope.size > 0 and abs(slope.residual) <= 1e-6 * size + _SAFETY * slope.error
            if fits and slope.error < 1e-4 * size:
                bug = "param_ignored" if neutral else "param_misapplied"
                return Finding(bug, f"{name}: your gradient is the right one for {other} = {label}")
    return _vanishes(subject, name, seed)


def _vanishes(subject: Subject, name: str, seed: int) -> Finding | None:
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
                return Finding("param_misapplied", f"{name}: right only with {other} = {label}")
    return None


def replacements(subject: Subject, name: str) -> Iterator[tuple[str, object, bool]]:
    """Yield other values of a parameter: a label, the value, whether it makes it do nothing."""
    value = subject.inputs[name]
    frame = subject.frame
    if isinstance(value, float) and not isinstance(value, bool):
        for label, other, neutral in _numbers(value):
            yield label, other, neutral
        return
    if not frame.is_array(value):
        return
    array = frame.to_numpy(value)
    if array.dtype.kind == "b":
        for label, other in (
            ("all true", np.ones_like(array)),
            ("all false", np.zeros_like(array)),
        ):
            if (array != other).any():
                yield label, frame.like(other, value), True
        yield "its opposite", frame.like(~array, value), False
    elif array.dtype.kind == "f" and array.size:
        changes: list[tuple[str, Callable, bool]] = [
            ("1", np.ones_like, True),
            ("0", np.zeros_like, True),
            (f"1 − {name}", lambda a: 1 - a, False),
            (f"1/{name}", lambda a: 1 / a, False),
            (f"{name}²", np.square, False),
        ]
        for label, change, neutral in changes:
            other = change(array)
            if np.isfinite(other).all() and not np.allclose(other, array):
                yield label, frame.like(other, value), neutral


def _numbers(value: float) -> Iterator[tuple[str, float, bool]]:
    found = {
        "1": (1.0, True),
        "0": (0.0, True),
        "1 − it": (1 - value, False),
        "its square": (value**2, False),
    }
    found["minus it"] = (-value, False)
    if value:
        found["its inverse"] = (1 / value, False)
    if value > 0:
        found["its square root"] = (value**0.5, False)
    for label, (other, neutral) in found.items():
        if other != value:
            yield label, other, neutral


def strides(subject: Subject, seed: int) -> Finding | None:
    """Ask whether the claim is right for contiguous copies of non-contiguous inputs."""
    frame = subject.frame
    arrays = {k: v for k, v in subject.inputs.items() if frame.is_array(v)}
    fresh = {k: frame.contiguous(v) for k, v in arrays.items()}
    if subject.layout is None and all(fresh[k] is v for k, v in arrays.items()):
        return None
    try:
        again = probe(subject.replace(fresh), seed)
    except CodeRaised:
        return None
    if again.status != "right":
        return None
    return Finding("ignores_strides", "right for a contiguous copy of the same input")


def leaks_between_samples(subject: Subject, shot: Shot, name: str, seed: int) -> Finding | None:
    """Move one sample and see whether another one's gradient moves though the truth does not."""
    shape = subject.shapes[name]
    if len(shape) < 2 or shape[0] < 2:
        return None
    rng = np.random.default_rng(seed)
    where = subject.slices[name]
    inside = np.zeros(shape, bool)
    inside[0] = True
    first = np.zeros(subject.n, bool)
    first[where] = inside.ravel()
    moved = np.where(first, subject.x * 0.3 + direction(rng, subject.n), subject.x)
    others = np.zeros(subject.n)
    others[where] = np.where(inside.ravel(), 0.0, direction(rng, inside.size))
    try:
        here = Instrument(subject)
        there = Instrument(subject.replace(_native(subject, moved)))
        d = there.subject.pull(shot.g).flat
        before = here.slope(shot.g, np.zeros_like(shot.d), others)
        after = there.slope(shot.g, np.zeros_like(shot.d), others)
    except CodeRaised:
        return None
    shift = float(np.sum((d - shot.d) * others))
    truth = abs(after.residual - before.residual)
    size = max(abs(before.residual), float(np.linalg.norm(shot.d * (others != 0))))
    if (
        abs(shift) > 1e-5 * size
        and truth < 1e-3 * abs(shift)
        and _SAFETY * (before.error + after.error) < 0.1 * abs(shift)
    ):
        return Finding("batch_mixed", f"{name}: changing one sample changes another one's gradient")
    return None


def _native(subject: Subject, x: np.ndarray) -> dict[str, object]:
    frame = subject.frame
    return {k: frame.like(v, subject.inputs[k]) for k, v in subject.split(x).items()}


def stages(
    x: np.ndarray, name: str, true: list[np.ndarray], claimed: list[np.ndarray]
) -> Finding | None:
    """Ask whether the claim is the derivative with respect to φ(x), or has φ′ twice."""
    for label, back, bug in _inner(x):
        if all(_equal(back(t), t) for t in true):
            continue  # f does not see this stage, so it explains nothing
        if all(_equal(back(d), t) for d, t in zip(claimed, true, strict=True)):
            return Finding(bug, f"{name}: your gradient is with respect to {label}, not {name}")
        if all(_equal(back(t), d) for d, t in zip(claimed, true, strict=True)):
            return Finding("wrong_stage", f"{name}: the derivative of {label} is applied twice")
    return None


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    size = float(np.linalg.norm(b))
    return size > 0 and float(np.linalg.norm(a - b)) < 1e-5 * size


def _inner(x: np.ndarray) -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray], str]]:
    s = 1 / (1 + np.exp(-x))
    t = np.tanh(x)
    for axis in range(x.ndim):
        shifted = np.exp(x - x.max(axis, keepdims=True))
        p = shifted / shifted.sum(axis, keepdims=True)

        def softmax(d: np.ndarray, p: np.ndarray = p, axis: int = axis) -> np.ndarray:
            return p * (d - (p * d).sum(axis, keepdims=True))

        def log_softmax(d: np.ndarray, p: np.ndarray = p, axis: int = axis) -> np.ndarray:
            return d - p * d.sum(axis, keepdims=True)

        yield f"softmax along axis {axis}", softmax, "wrong_stage"
        yield f"log-softmax along axis {axis}", log_softmax, "wrong_stage"
    yield "sigmoid", lambda d: s * (1 - s) * d, "missing_chain_factor"
    yield "tanh", lambda d: (1 - t * t) * d, "missing_chain_factor"
    yield "exp", lambda d: np.exp(x) * d, "missing_chain_factor"
    yield "the square", lambda d: 2 * x * d, "missing_chain_factor"
    if (x > 0).all():
        yield "the logarithm", lambda d: d / x, "missing_chain_factor"


def precision(subject: Subject, shot: Shot, gauge: Instrument) -> Finding | None:
    """Ask whether the claim is right when it is computed in float64."""
    relative = abs(shot.slope.residual) / max(float(np.linalg.norm(shot.d)), 1e-300)
    held = digits(shot.d)
    own = max(subject.eps_in, subject.eps_out)
    if held > own and relative < 64 * held * np.sqrt(shot.d.size):
        bits = round(-np.log2(held))
        return Finding(
            "low_precision", f"the gradient holds {bits} bits, the input {round(-np.log2(own))}"
        )
    if not gauge.wide or own == epsilon("float64"):
        return None
    try:
        wide = subject.pull(shot.g, wide=True).flat
    except CodeRaised:
        return None
    if not np.isfinite(wide).all():
        return None
    again = gauge.slope(shot.g, wide, shot.u)
    if abs(again.residual) > max(0.05 * abs(shot.slope.residual), _SAFETY * again.error):
        return None
    lost = (shot.d == 0) & (np.abs(wide) > 0)
    gap = np.abs(shot.d - wide)
    if lost.any() and gap[lost].max() > 0.3 * gap.max():
        return Finding(
            "cancellation_to_zero", "the gradient is 0 where float64 gives another value"
        )
    share = abs(shot.slope.residual) / max(shot.slope.size, 1e-300)
    return Finding(
        "low_precision", f"in float64 the same code is right; here it is {share:.1e} off"
    )
