"""How exact a function is, as data that documents and tests share."""

from dataclasses import dataclass

__all__ = ["EPSILON", "Numerics"]

EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""The spacing of 1.0 in each dtype."""


@dataclass(frozen=True)
class Numerics:
    """Error bounds, in units in the last place of the working dtype.

    Parameters
    ----------
    value
        Bound on each entry of the value, in ulp of the entry, or of the largest logit where
        ``shifted``; rows of up to ``n`` entries and logits of up to ±1e4 included.
    derivative
        Bound on each entry of a JVP, VJP or HVP, in units of eps times the same product formed
        with absolute values, (|J| |t|)_i: what is lost if every term is rounded once.
    n
        The row length up to which the bounds are stated.
    shifted
        Whether the value carries an added constant of the logits' size.
    """

    value: float
    derivative: float
    n: int = 131_072
    shifted: bool = False
