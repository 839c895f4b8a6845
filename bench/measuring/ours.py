"""softgrad's own checker on one problem, with its defaults, and its probe alone."""

from typing import Any

import softgrad
from measuring.peers import Peer
from measuring.problems import Problem
from softgrad.check import Report
from softgrad.check.measure.probe import probe
from softgrad.check.report.report import Tally
from softgrad.check.subject.plan import plan
from softgrad.check.subject.quiet import CodeRaised, quiet
from softgrad.check.subject.subject import Subject

__all__ = ["CHECK", "PROBE", "checked"]

STATUS = {"right": True, "wrong": False, "nonfinite": False, "overflow": False, "misshapen": False}


def checked(problem: Problem, seed: int = 0, **options: Any) -> Report:
    """Return the report of ``softgrad.check``."""
    return softgrad.check(
        problem.run, {"x": problem.x}, vjp=lambda g, x: problem.pull(g, x), seed=seed, **options
    )


def probed(problem: Problem, seed: int = 0) -> bool | None:
    """Return what the probe alone says, before anything is located or named."""
    claims = {"vjp": lambda g, x: problem.pull(g, x)}
    planned = plan(problem.run, {"x": problem.x}, None, claims)
    with quiet(planned.frame) as restore:
        parts = (planned.frame, planned.function, planned.claim, planned.inputs, planned.wrt)
        try:
            return STATUS.get(probe(Subject(*parts, Tally(), restore), seed).status)
        except CodeRaised:
            return False


CHECK = Peer("softgrad", lambda problem, seed: checked(problem, seed).ok)
PROBE = Peer("softgrad's probe alone", probed)
