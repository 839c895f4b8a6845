"""One look at a derivative: whether it is right, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from softgrad.check.examine import RIGHT, stopped
from softgrad.check.measure.instrument import GOAL
from softgrad.check.measure.probe import probe
from softgrad.check.report.report import Report, Tally
from softgrad.check.subject.plan import plan
from softgrad.check.subject.quiet import CodeRaised, quiet
from softgrad.check.subject.subject import Subject

__all__ = ["glance"]

_TOLD = {"right": True, "wrong": False, "nonfinite": False, "overflow": False, "misshapen": False}
_REASON = {
    True: RIGHT,
    False: "the derivative differs from the function's",
    None: "one look does not tell",
}


def glance(
    f: Any,
    inputs: Any,
    *,
    wrt: str | tuple[str, ...] | None = None,
    vjp: Callable | None = None,
    jvp: Callable | None = None,
    grad: Callable | None = None,
    jacobian: Callable | None = None,
    framework: str | None = None,
    lines: int = 2,
    closeness: float = 1.0,
    goal: float = GOAL,
    seed: int = 0,
) -> Report:
    """Tell whether a derivative is right at an example, from a few runs of the function.

    What is not ``True`` is worth a :func:`check`, which looks again, elsewhere, and for a name.

    Parameters
    ----------
    f, inputs, wrt, vjp, jvp, grad, jacobian, framework, seed
        As :func:`check` takes them.
    lines
        How many random directions: 1 or 2.
    closeness
        The first step of the differences, as a multiple of the one at which f's rounding and
        curvature weigh the same; a small one jumps over fewer kinks.
    goal
        How well the slope must be measured, as a share of it; a coarse one is met sooner.

    Returns
    -------
    Report
        Its ``ok`` is ``None`` where one look does not tell.
    """
    claims = {"vjp": vjp, "jvp": jvp, "grad": grad, "jacobian": jacobian}
    planned, tally = plan(f, inputs, wrt, claims, framework), Tally()
    parts = (planned.frame, planned.function, planned.claim, planned.inputs, planned.wrt)
    with quiet(planned.frame) as randomness:
        try:
            subject = Subject(*parts, tally, randomness)
            ok = _TOLD.get(probe(subject, seed, lines=lines, factor=closeness, goal=goal).status)
        except CodeRaised as raised:
            return replace(stopped(raised), evaluations=tally, seed=seed)
    return Report(ok, _REASON[ok], evaluations=tally, seed=seed)
