"""What any derivative owes its caller: shapes, dtypes, no side effects, the same answer twice."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import numpy as np

from softgrad.check.measure.probe import Probe, direction, floor_of
from softgrad.check.precision import epsilon
from softgrad.check.report.finding import Finding
from softgrad.check.subject.claims import FrameworkClaim
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Gradient, Subject

__all__ = [
    "additive",
    "affine",
    "form",
    "interleaved",
    "lasting",
    "overtaken",
    "repeats",
    "side_effects",
]

_REPEATS = 6


def form(subject: Subject, d: Gradient) -> Finding | None:
    """Look at the gradients' shapes and dtypes."""
    for name, (values, shape) in d.misshapen.items():
        expected = subject.shapes[name]
        wrong = {name: np.ones(expected, bool)}
        facts = f"the gradient of {name} has shape {shape}, {name} has shape {expected}"
        if _is_unreduced(values, expected):
            return Finding("broadcast_not_reduced", facts, wrong)
        return Finding("wrong_shape", facts, wrong)
    for name, dtype in d.dtypes.items():
        own = subject.frame.dtype_name(subject.inputs[name])
        if dtype is None or dtype == own:
            continue
        coarse = not dtype.startswith(("float", "bfloat")) or epsilon(dtype) > epsilon(own)
        if coarse and not (dtype.startswith("int") and not d.flat[subject.slices[name]].any()):
            wrong = {name: np.ones(subject.shapes[name], bool)}
            return Finding(
                "wrong_dtype", f"the gradient of {name} is {dtype}, {name} is {own}", wrong
            )
        if not dtype.startswith(("float", "bfloat")):
            return Finding("wrong_dtype", f"the gradient of {name} is {dtype}, {name} is {own}")
    return None


def _is_unreduced(values: np.ndarray, shape: tuple[int, ...]) -> bool:
    try:
        return (
            values.size > int(np.prod(shape))
            and np.broadcast_shapes(values.shape, shape) == values.shape
        )
    except ValueError:
        return False


def side_effects(d: Gradient) -> Finding | None:
    """Look at what the derivative wrote into."""
    if not d.touched:
        return None
    return Finding("mutates_argument", f"the code writes into {d.touched[0]}")


def repeats(subject: Subject, g: np.ndarray, d: Gradient, seed: int) -> Finding | None:
    """Ask for the same gradient again, also after another point has been visited."""
    rng = np.random.default_rng(seed)
    again = [subject.pull(g) for _ in range(_REPEATS)]
    calls = [each.flat for each in again]
    # the smallest of some: what moves one call in three must not pass for rounding
    floor = min(floor_of(subject, rng, g, each)[0] for each in again[: _REPEATS // 2])
    shifts = [_apart(call, d.flat) for call in calls]
    if max(shifts) <= 8 * floor + 1e-3 * min(max(shifts), _size(d.flat)):
        return None
    facts = (
        f"{sum(s > 8 * floor for s in shifts)} of {_REPEATS} repeated calls gave another gradient"
    )
    steps = [_apart(b, a) for a, b in pairwise(calls)]
    growing = min(steps) > 0.5 * max(steps) and shifts[-1] > 2 * shifts[0]
    settled = max(steps) <= 8 * floor and all(
        _apart(subject.pull(g).flat, calls[-1]) <= 8 * floor for _ in range(4 * _REPEATS)
    )
    name = "stale_state" if growing or settled else "nondeterministic"
    return Finding(name, facts, _moved(subject, d.flat, calls, floor))


def _moved(
    subject: Subject, d: np.ndarray, calls: list[np.ndarray], floor: float
) -> dict[str, np.ndarray]:
    spread = np.max([np.abs(call - d) for call in calls], axis=0)
    return dict(subject.split(spread > 8 * floor / np.sqrt(d.size)))


def affine(subject: Subject, g: np.ndarray, d: np.ndarray) -> Finding | None:
    """See whether the gradient is linear in the upstream gradient, as every VJP is."""
    size = _size(d)
    if size == 0:
        return None
    zero = subject.pull(np.zeros_like(g)).flat
    if not _size(zero) > 1e-6 * size:
        return None
    twice = subject.pull(2 * g).flat
    if _apart(twice, d) < 1e-9 * size:
        return Finding("ignores_upstream", "doubling the upstream gradient changes nothing")
    return Finding(
        "assumes_upstream",
        f"a zero upstream gradient gives a gradient of norm {_size(zero):.3g}, not 0",
    )


def additive(seen: Probe, seed: int) -> Finding | None:
    """See whether two upstream gradients, each 0 where the other is not, give parts that add up."""
    gauge, g, d = seen.instrument, seen.shots[0].g, seen.gradient
    subject = gauge.subject
    assert d is not None
    if not subject.claim.reverse:
        return None
    rng = np.random.default_rng(seed)
    some = rng.random(g.size) < 0.5
    parts = [subject.pull(np.where(where, g, 0.0)).flat for where in (some, ~some)]
    none = subject.pull(np.zeros_like(g)).flat
    if np.isfinite(d.flat).all() and not all(np.isfinite(part).all() for part in (*parts, none)):
        return Finding("masked_nan", "the gradient is nan where the upstream gradient has zeros")
    floor, _ = floor_of(subject, rng, g, d)
    eps = subject.eps
    loose = 16 * floor + 1e-3 * max(_size(part) for part in (d.flat, *parts))
    loose += 64 * eps * _size(gauge.masked(g * gauge.y))
    if _size(none) > loose:
        told = f"a zero upstream gradient gives a gradient of norm {_size(none):.3g}, not 0"
        return Finding("assumes_upstream", told)
    if _apart(parts[0] + parts[1], d.flat) > loose:
        return Finding("assumes_upstream", "the gradient is not linear in the upstream gradient")
    return None


def interleaved(subject: Subject, g: np.ndarray, d: Gradient, seed: int) -> Finding | None:
    """Visit another point between two calls."""
    rng = np.random.default_rng(seed)
    for other in _elsewhere(subject):
        with suppress(CodeRaised):
            subject.pull(direction(rng, g.size) * np.abs(g), other)
            break
    else:
        return None
    if not _stays(subject, g, d, subject.pull(g).flat, seed):
        return Finding("stale_state", "visiting another point in between changes the gradient")
    return None


def overtaken(subject: Subject, g: np.ndarray, d: Gradient, seed: int) -> Finding | None:
    """Run a second forward pass, at another point, before the first one's backward pass.

    Only where a library differentiates: a layer object keeps its last forward pass by design.
    """
    if not isinstance(subject.claim, FrameworkClaim):
        return None
    for other in _elsewhere(subject):
        with suppress(CodeRaised):
            if not _stays(subject, g, d, subject.pull(g, between=other).flat, seed):
                told = "a second forward pass before the first one's backward pass"
                return Finding("stale_state", f"{told} changes the gradient")
            return None
    return None


def _elsewhere(subject: Subject) -> Iterator[np.ndarray]:
    """Yield other points: first one where the largest entry and the order are others too."""
    x = np.where(np.isfinite(subject.x), subject.x, 0.0) * 0.75
    turned = np.concatenate([np.flip(part).ravel() for part in subject.split(x).values()])
    yield subject.quantise(turned)
    yield subject.quantise(x)


def _stays(subject: Subject, g: np.ndarray, d: Gradient, again: np.ndarray, seed: int) -> bool:
    """Return whether a gradient is the one that was given before, but for rounding."""
    floor, _ = floor_of(subject, np.random.default_rng(seed), g, d)
    return not _apart(again, d.flat) > 8 * floor + 1e-3 * _size(d.flat)


def lasting(seen: Probe, seed: int) -> Finding | None:
    """Ask once more, after other shapes and parameters have been visited."""
    shot, d = seen.shots[0], seen.gradient
    subject = seen.instrument.subject.onto(shot.u)
    assert d is not None
    if not _stays(subject, shot.g, d, subject.pull(shot.g).flat, seed):
        return Finding("stale_state", "after other examples the same call gives another gradient")
    return None


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(np.nan_to_num(a - b)))


def _size(a: np.ndarray) -> float:
    return float(np.linalg.norm(np.nan_to_num(a)))
