"""Names found by changing precision, memory layout or one sample and looking again."""

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import Shot, beside, direction, probe
from softgrad.check.naming.guess import said
from softgrad.check.naming.instance import Pair
from softgrad.check.precision import SAFETY, digits, epsilon
from softgrad.check.report.finding import Finding
from softgrad.check.report.words import counted
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["leaks_between_samples", "nearly", "precision", "strides"]

_EXACT = 1e-6
_COARSEST = 2.0**-6  # bfloat16 holds 8 bits
_PATTERN = 0.5
_FINE_STEP = 0.03
_MOST = 0.9


def precision(subject: Subject, shot: Shot, gauge: Instrument) -> Finding | None:
    """Ask whether the claim is right when it is computed in float64."""
    relative = abs(shot.slope.residual) / max(float(np.linalg.norm(shot.d)), 1e-300)
    held = digits(shot.d)
    own = subject.eps
    if held > own and relative < 64 * held * np.sqrt(shot.d.size):
        bits = round(-np.log2(held))
        return Finding(
            "low_precision",
            f"the gradient holds {bits} bits, the input {round(-np.log2(own))}",
            residual=relative,
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
    if abs(again.residual) > max(0.05 * abs(shot.slope.residual), SAFETY * again.error):
        return None
    lost = (shot.d == 0) & (np.abs(wide) > 0)
    gap = np.abs(shot.d - wide)
    if lost.any() and gap[lost].max() > 0.3 * gap.max():
        places, most = counted(int(lost.sum())), said(gap[lost].max())
        told = f"the gradient is 0 at {places} where float64 gives up to {most}"
        return Finding("cancellation_to_zero", told)
    share = abs(shot.slope.residual) / max(shot.slope.size, 1e-300)
    told = f"in float64 the same code is right; here it is off by {100 * share:.2g} %"
    return Finding("low_precision", told)


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
    return Finding(
        "ignores_strides", "your gradient is right for a contiguous copy of the same input"
    )


def leaks_between_samples(subject: Subject, shot: Shot, name: str, seed: int) -> Finding | None:
    """Move one sample and see whether another one's gradient moves though the truth does not."""
    shape = subject.shapes[name]
    if len(shape) < 2 or shape[0] < 2:
        return None
    rng = beside(seed)
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
        there = Instrument(subject.moved(moved))
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
        and SAFETY * (before.error + after.error) < 0.1 * abs(shift)
    ):
        told = (
            f"{name}: changing one sample moves another one's gradient by {said(abs(shift) / size)}"
        )
        return Finding("batch_mixed", told)
    return None


def nearly(subject: Subject, shot: Shot, pairs: list[Pair]) -> Finding | None:
    """Agreement to a few digits: of another function, or of a narrower dtype if without pattern."""
    size = float(np.linalg.norm(shot.d))
    share = abs(shot.slope.residual) / size if size else np.inf
    everywhere = noise = True
    for pair in pairs:
        error = pair.claimed - pair.true
        whole, off = float(np.linalg.norm(pair.true)), float(np.linalg.norm(error))
        everywhere &= whole > 0 and (np.abs(error[pair.live]) > pair.tolerance).mean() > 0.5
        noise &= abs(float(np.sum(error * pair.true))) < _PATTERN * off * whole
        share = max(share, off / whole) if everywhere and noise else share
    if share >= _COARSEST:
        return None
    wrong = [subject.slices[pair.name] for pair in pairs if everywhere]
    if wrong and all(_moves_smoothly(subject, shot, share, where) for where in wrong):
        told = f"off by {100 * share:.2g} % of itself, and as smooth as the function: not rounded"
        return Finding("approximation", told, residual=share)
    if (everywhere and noise) or share <= _EXACT:
        told = f"right to {-np.log10(share):.0f} digits only"
        return Finding("low_precision", told, residual=share)
    return None


def _moves_smoothly(subject: Subject, shot: Shot, share: float, where: slice) -> bool:
    """Ask whether the claim follows steps of the input in which a rounded one would not move."""
    step = _FINE_STEP * share * direction(np.random.default_rng(0), subject.n)
    step *= np.maximum(np.abs(subject.x), float(np.abs(subject.x).mean()))
    try:
        there = [Instrument(subject.moved(subject.x + k * step)).subject for k in (1, 2)]
        one, two = ((at.pull(shot.g).flat - shot.d)[where] for at in there)
    except CodeRaised:
        return False
    moved = np.abs(two) > subject.eps * np.abs(shot.d[where]) / _FINE_STEP
    straight = np.abs(two - 2 * one) < 0.1 * np.abs(two)
    return bool(moved.any()) and float(straight[moved].mean()) > _MOST
