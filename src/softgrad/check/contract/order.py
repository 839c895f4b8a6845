"""Beyond the first reverse derivative: forward mode, and the second derivative."""

import numpy as np

from softgrad.check.measure.probe import Probe, beside, direction
from softgrad.check.measure.streams import norm, norms
from softgrad.check.report.finding import Finding
from softgrad.check.subject.claims import FrameworkClaim
from softgrad.check.subject.quiet import CodeRaised

__all__ = ["forward_mode", "second_order"]

_PLAIN = 64.0  # of its own error bar, a jump of the gradient is some 30 times as large
_STEADY = 0.2  # a part of the gap; what closes in on the claim by more may reach it


def forward_mode(seen: Probe, seed: int) -> Finding | None:
    """Compare the library's forward mode with the reverse mode that was found right."""
    subject = seen.instrument.subject
    if not isinstance(subject.claim, FrameworkClaim) or not seen.shots:
        return None
    shot = seen.shots[0]
    t = subject.quantise(direction(beside(seed), subject.n))
    t = np.where(seen.instrument.free, t, 0.0)
    try:
        pushed = subject.push(t)
    except CodeRaised:
        return None
    if pushed.shape != seen.instrument.y.shape:
        return None
    eps = subject.eps
    live = seen.instrument.live
    forward = float(np.sum(np.where(live, shot.g * pushed, 0.0)))
    reverse = float(np.sum(shot.d * t))
    size = float(np.linalg.norm(shot.d) * np.linalg.norm(t))
    size += float(np.linalg.norm(np.where(live, shot.g * pushed, 0.0)))
    allowed = 64 * eps * size + 8 * shot.bound
    if abs(forward - reverse) <= allowed or not np.isfinite(allowed):
        return None
    facts = (
        f"forward mode gives ⟨g, jvp(t)⟩ = {forward:.6g}, reverse mode ⟨vjp(g), t⟩ = {reverse:.6g}"
    )
    return Finding("forward_mode_wrong", facts, dict.fromkeys(subject.wrt))


def second_order(seen: Probe, seed: int) -> Finding | None:
    """Compare the library's second derivative with differences of the right first one."""
    subject = seen.instrument.subject
    if not isinstance(subject.claim, FrameworkClaim) or not seen.shots:
        return None
    eps = subject.eps
    if eps > 1e-6 or not seen.instrument.free.all() or not seen.instrument.live.all():
        return None
    rng = beside(seed)
    g = seen.shots[0].g
    t, u = (subject.quantise(direction(rng, subject.n)) for _ in range(2))
    try:
        claimed = float(subject.second(g, t) @ u)
        measured, error = _bend(seen, g, t, u, eps)
    except CodeRaised:
        return None
    if not np.isfinite([claimed, measured, error]).all():
        return None
    terms = norm(seen.shots[0].d) + norms(g, seen.instrument.y)[0]
    if abs(claimed - measured) <= _PLAIN * (error + eps * terms) + 1e-4 * abs(measured):
        return None
    # Where kinks of the gradient are nearby, as with sparsemax, only small steps avoid them.
    gap = abs(claimed - measured)
    for factor in (0.6, 1 / 16, 1 / 256) if eps < 1e-12 else (0.6, 1 / 8, 1 / 32):
        again, wider = _bend(seen, g, t, u, eps, factor)
        agrees = abs(claimed - again) <= 8 * wider + 1e-3 * abs(again)
        if agrees or not abs(again - measured) <= _STEADY * gap:
            return None
    kind = "0" if claimed == 0 else f"{claimed:.6g}"
    facts = (
        f"the second derivative is {kind} along a direction where differences give {measured:.6g}"
    )
    return Finding("second_derivative_lost", facts, dict.fromkeys(subject.wrt))


def _bend(
    seen: Probe, g: np.ndarray, t: np.ndarray, u: np.ndarray, eps: float, factor: float = 1.0
) -> tuple[float, float]:
    """Return uᵀ H t by differences of the gradient, with its error bar."""
    subject, step = seen.instrument.subject, factor * eps ** (1 / 5) / 4
    values = []
    size = 0.0
    for k in (1, 2):
        plus, minus = (subject.quantise(subject.x + s * k * step * t) for s in (1, -1))
        if np.abs(plus - minus - 2 * k * step * t).max() > 0.01 * step:
            return np.nan, np.inf
        high, low = subject.pull(g, plus).flat, subject.pull(g, minus).flat
        size = max(size, float(np.linalg.norm(high)))
        values.append(float((high - low) @ u) / (2 * k * step))
    best = (4 * values[0] - values[1]) / 3
    noise = max(4 * eps * size, seen.shots[0].floor * float(np.linalg.norm(u))) / step
    return best, abs(best - values[0]) / 4 + noise
