"""What can be said of a wrong derivative that has no name."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.measure.probe import Shot
from softgrad.check.naming.coupling import coupled_axes
from softgrad.check.naming.guess import distance, said
from softgrad.check.naming.instance import Pair
from softgrad.check.report.finding import Finding
from softgrad.check.subject.subject import Subject

__all__ = ["unnamed"]

_REASON = "the derivative differs from the function's, in no way that has a name"


def unnamed(subject: Subject, shot: Shot, pairs: list[Pair]) -> Finding:
    """Return a finding without a name: the facts, the most telling first."""
    facts = [fact for p in pairs if not p.right.all() for fact in _about(p)]
    return Finding("", _REASON, facts=(*facts, _linear(subject, shot)))


def _about(p: Pair) -> Iterator[str]:
    gap = p.claimed - p.true
    true, claimed = float(np.linalg.norm(p.true)), float(np.linalg.norm(p.claimed))
    yield (
        f"{p.name}: the Jacobians differ by {np.linalg.norm(gap):.3g}, where the right one has "
        f"norm {true:.3g} and yours {claimed:.3g}"
    )
    yield f"{p.name}: {int((~p.right).sum())} of {gap.size} entries of the Jacobian are wrong"
    if true > 0 and claimed > 0:
        k = float(np.sum(p.claimed * p.true)) / true**2
        yield f"{p.name}: {k:.3g} times the right one comes nearest, {said(_off(p, k))} away"
    values = np.linalg.svd(gap, compute_uv=False)
    if values[0] > 0:
        rank = int((values > max(1e-6 * values[0], p.tolerance)).sum())
        yield f"{p.name}: the difference has rank {rank} of {min(gap.shape)}"
    axes = coupled_axes(p)
    if axes is not None:
        yield f"{p.name}: the function couples entries along {axes[0]}, your gradient {axes[1]}"


def _off(p: Pair, k: float) -> float:
    return distance(p.claimed, k * p.true)


def _linear(subject: Subject, shot: Shot) -> str:
    """Say whether the claim is linear in the upstream gradient."""
    other = shot.g * np.where(np.arange(shot.g.size) % 2 == 0, 0.5, -0.5)
    together = subject.pull(shot.g + other).flat
    gap = distance(together, shot.d + subject.pull(other).flat)
    if gap <= 1e-6 + 8 * subject.eps:
        return "your gradient is linear in the upstream gradient, as it should be"
    return f"your gradient is not linear in the upstream gradient: off by {said(gap)}"
