"""Whether a result is right, inaccurate or wrong."""

from dataclasses import dataclass

import numpy as np
from mpmath import mp

from softgrad.declare.numerics import EPSILON
from softgrad.oracle.bounds import excess, ulp
from softgrad.survey.truth import Target, tiny

__all__ = ["LARGE", "Judgement", "judge"]

LARGE = 0.01
"""The relative error above which a result is wrong and no longer inaccurate."""

COARSE, HALF = 8, 0.5
"""How many times its bound an error must be as well, in half precision near 1 % itself, unless half
of the result is lost."""

_LARGEST = {"float16": 65504.0, "bfloat16": 2.0**127, "float32": 2.0**127, "float64": 2.0**1023}


@dataclass(frozen=True)
class Judgement:
    """A result beside the truth, at the entry that is farthest off.

    Parameters
    ----------
    verdict
        ``"ok"``, ``"inaccurate"`` or ``"wrong"``.
    ulp
        The error in units of the last place of what it is measured by; infinite for a NaN.
    index
        The entry.
    claimed, true
        What the library gives there, and what is right.
    """

    verdict: str
    ulp: float
    index: int
    claimed: float
    true: float


def judge(found: np.ndarray, target: Target, dtype: str) -> Judgement:
    """Judge one row's numbers.

    A result is wrong if it is not finite where the truth is, or off by more than 1 % and either by
    more than 8 times its bound or by more than a half; it is inaccurate if it is otherwise off by
    more than its bound.
    """
    found = np.ravel(found)
    exact = np.array([float(v) for v in target.exact])
    beyond = np.abs(exact) >= _LARGEST[dtype]
    with np.errstate(invalid="ignore"):
        over = excess(found, target.exact, target.allowed)
    over = np.where(beyond & np.isinf(found), 0.0, over)
    over = np.where(np.isnan(exact), np.where(np.isnan(found), 0.0, np.inf), over)
    worst = int(np.argmax(over))
    error = float(abs(mp.mpf(float(found[worst])) - target.exact[worst]))
    verdict = "ok"
    if over[worst] > 1:
        size = target.size[worst]
        far = not error <= max(LARGE * size, min(COARSE * target.allowed[worst], HALF * size))
        verdict = "wrong" if far else "inaccurate"
    unit = ulp(target.size[worst], dtype, tiny(dtype) * EPSILON[dtype])
    units = error / float(unit) if np.isfinite(error) else np.inf
    return Judgement(verdict, units, worst, float(found[worst]), float(exact[worst]))
