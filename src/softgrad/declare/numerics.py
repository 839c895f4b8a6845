"""How exact a function is, as data that documents and tests share."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["EPSILON", "NORMAL", "TINY", "Numerics"]

EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""The spacing of 1.0 in each dtype."""

TINY = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 2.0**-1074}
"""The smallest positive number of each dtype."""

NORMAL = {"float16": 2.0**-14, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}
"""The smallest positive normal number: what a library that flushes denormals can tell from 0."""


@dataclass(frozen=True)
class Numerics:
    """Error bounds, in units in the last place of the working dtype.

    Parameters
    ----------
    value
        Bound on each entry of the value, in ulp of what ``relative_to`` names; rows of up to ``n``
        entries and logits of up to ±1e4 included.
    derivative
        Bound on each entry of a JVP, VJP or HVP, in units of eps times the same product formed
        with absolute values, (|J| |t|)_i: what is lost if every term is rounded once. In a chain
        each factor is taken in absolute value, |J_outer| |J_inner| |t|, and a loss is a sum over
        classes, Σ_k |q_k| |J_k|; a second derivative likewise, term by term of its structure.
    n
        The row length up to which the bounds are stated.
    relative_to
        ``"entry"``: the entry itself. ``"largest entry"``: the largest of its row, for values
        with a threshold. ``"largest logit"``: the larger of the entry and the row's largest
        logit, for values that carry an added constant of the logits.

    Notes
    -----
    Both bounds are those of the function without premaps. Each premap (bias, softcap,
    temperature) rounds the logits once more: it adds eps Σ_j |∂y_i/∂z_j| |z_j| to the value's
    error and 4 max|z| to ``derivative``.
    """

    value: float
    derivative: float
    n: int = 131_072
    relative_to: Literal["entry", "largest entry", "largest logit"] = "entry"
