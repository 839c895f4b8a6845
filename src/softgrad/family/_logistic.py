"""What sigmoid, log_sigmoid and softplus share."""

from typing import Any

from softgrad._array import Array, namespace
from softgrad.declare import Convention, Domain, Law, Numerics
from softgrad.family._rows import INF, LN2, NAN
from softgrad.family.premaps import ARRAYS, INPUTS, logits
from softgrad.function import declare

__all__ = ["FALLS", "INF", "REFLECTS", "cost", "declare_elementwise", "halves"]


def halves(x: Array) -> tuple[Array, Array, Array]:
    """Return sigmoid(x), sigmoid(−x) and log(1 + e^−|x|), none of which cancels or overflows."""
    xp = namespace(x)
    decay = xp.exp(-xp.abs(x))
    large, small = 1 / (1 + decay), decay / (1 + decay)
    up = x >= 0
    return xp.where(up, large, small), xp.where(up, small, large), xp.log1p(decay)


def cost(x: Array, log: Array) -> Array:
    """Return log(1 + e^x), given log(1 + e^−|x|)."""
    xp = namespace(x)
    return xp.where(x > 0, x, xp.zeros_like(x)) + log


REFLECTS = Law("f(x) + f(−x) = 1", lambda f, x, c: (f(x) + f(-x), namespace(x).ones_like(x)))
FALLS = Law("f(−x) = f(x) − x", lambda f, x, c: (f(-x), f(x) - x))


def _domain(at_minus: float, at_plus: float, masked: float) -> Domain:
    gone = "A masked entry counts as a logit of −∞; its derivative is 0."
    limit = "The limit; the derivative there is the limit's."
    nan = "A NaN stays where it is."
    finite = abs(at_minus) < INF
    conventions = (
        Convention("-inf", {"x": [-INF]}, [at_minus], limit),
        Convention("+inf", {"x": [INF]}, [at_plus], limit),
        Convention("masked", {"x": [1.0, NAN], "where": [False, False]}, [masked, masked], gone),
        Convention("a NaN", {"x": [NAN]}, [NAN], nan, finite=False),
        Convention("0-d", {"x": 0.0}, 0.5 if at_plus == 1 else (LN2 if finite else -LN2), limit),
        Convention("an empty array", {"x": []}, [], "There is nothing to compute."),
    )
    return Domain("any array of floating dtype, 0-d and empty ones included", conventions)


def declare_elementwise(*, at_minus: float, at_plus: float, masked: float, law: Law) -> Any:
    """Declare a function of one number by its limits at ±∞, its masked value and its law."""
    return declare(
        options=logits,
        wrt=("x", *INPUTS),
        arrays=ARRAYS,
        domain=_domain(at_minus, at_plus, masked),
        laws=(law,),
        numerics=Numerics(value=4, derivative=16),
    )
