"""softmax."""

from typing import Any, Unpack

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.declare import Domain, Member, Node, Numerics
from softgrad.declare.laws import PERMUTES, SHIFT_FREE, SUMS_TO_ONE
from softgrad.family._rows import BLANCHARD, NAN, conventions, like, normalised
from softgrad.family.premaps import ARRAYS, INPUTS, Premap, logits
from softgrad.function import declare
from softgrad.structure import WeightedCentering

__all__ = ["SOFTMAX", "softmax"]

BRIDLE = "Bridle 1990, 'Probabilistic interpretation of feedforward classification network outputs'"


def _define_softmax(mp: Any, x: list) -> list:
    weights = [mp.exp(v) for v in x]
    total = mp.fsum(weights)
    return [w / total if total else mp.mpf(0) for w in weights]


SOFTMAX = Member(
    name="softmax",
    inputs=("x",),
    fields=("p",),
    solve=lambda s: (like(s.x, normalised(s)[1]),),
    jacobian=lambda s: {"x": WeightedCentering(s.p, s.axis)},
    definition=_define_softmax,
)


@declare(
    options=logits,
    wrt=("x", *INPUTS),
    arrays=ARRAYS,
    domain=Domain(
        "logits of any floating dtype with at least one entry along the axis",
        conventions(
            partial=[[0.5, 0.0, 0.5], [1 / 3, 1 / 3, 1 / 3]],
            empty=[0.0, 0.0],
            tied=[0.5, 0.5],
            undefined=[NAN, NAN],
            nan=[[NAN, NAN], [0.5, 0.5]],
        ),
    ),
    laws=(SHIFT_FREE, SUMS_TO_ONE, PERMUTES),
    numerics=Numerics(value=4, derivative=16),
    references=(BRIDLE, BLANCHARD),
)
def softmax(x: Array, axis: int = -1, **premap: Unpack[Premap]) -> Array:
    """Softmax: the exponentials along an axis, divided by their sum.

    p_i = exp(z_i) / Σ_j exp(z_j), where z is x after bias, softcap, temperature and mask.

    Parameters
    ----------
    x
        Logits.
    axis
        The axis along which probabilities sum to 1.
    temperature, softcap, bias, where
        Applied to the logits first: z = c·tanh((x + bias)/c)/temperature, and −∞ where ``where``
        is False.

    Returns
    -------
    Array
        Probabilities of the shape and dtype of ``x``.

    Raises
    ------
    ArgumentTypeError
        ``x`` is not floating; ``where`` is not boolean.
    ArgumentError
        No such axis, or no entries along it; temperature or softcap not positive; an argument does
        not broadcast to ``x``.

    Notes
    -----
    *Shapes*: as ``x``; ``bias``, ``temperature`` and ``where`` broadcast to it.

    *Domain*: −∞ has probability 0. A row with no finite logit is 0 throughout, and so is every
    derivative of it. +∞ or NaN makes its own row NaN.

    *Numerics*: each entry within 4 ulp (float32 and float64, rows up to 131,072 entries, logits to
    ±1e4). float16 and bfloat16 are computed in float32 and rounded once.

    *Derivative*: :class:`~softgrad.structure.WeightedCentering` with s = p: both the VJP and the
    JVP are p∘(g − ⟨p,g⟩), O(n). Written out, ∂p_i/∂z_i = p_i(1 − p_i) and ∂p_i/∂z_j = −p_i p_j.

    *Source*: Bridle 1990; accuracy after Blanchard, Higham and Higham 2021.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> softgrad.softmax(np.array([1.0, 2.0, 3.0]))
    array([0.09003057, 0.24472847, 0.66524096])
    """
    return Node(SOFTMAX, {"x": logits(x, **premap)}, Axis.of(x.array, axis))
