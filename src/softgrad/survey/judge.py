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

COARSE = 8
"""How many times its bound an error must be as well: in half precision the bound is near 1 %."""

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

    A result is wrong if it is not finite where the truth is, or off by more than 1 % and by more
    than 8 times its bound; it is inaccurate if it is off by more than its bound.
    """
    found = np.ravel(found)
    exact = np.array([float(v) for v in target.exact])
    beyond = np.abs(exact) >= _LARGEST[dtype]
    over = excess(found, target.exact, target.allowed)
    over = np.where(np.isnan(exact) & np.isnan(found) | beyond & np.isinf(found), 0.0, over)
    worst = int(np.argmax(over))
    error = float(abs(mp.mpf(float(found[worst])) - target.exact[worst]))
    verdict = "ok"
    if over[worst] > 1:
        far = not error <= max(LARGE * target.size[worst], COARSE * target.allowed[worst])
        verdict = "wrong" if far else "inaccurate"
    unit = ulp(target.size[worst], dtype, tiny(dtype) * EPSILON[dtype])
    units = error / float(unit) if np.isfinite(error) else np.inf
    return Judgement(verdict, units, worst, float(found[worst]), float(exact[worst]))
