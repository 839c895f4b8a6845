"""What the functions of a whole row share: special rows, and probabilities in stable form."""

from typing import Any

from softgrad._array import Array, namespace
from softgrad.declare import Convention, State
from softgrad.errors import ArgumentError
from softgrad.family._stable import Shifted, shift

__all__ = ["BLANCHARD", "INF", "LN2", "LN3", "NAN", "conventions", "like", "normalised"]

INF, NAN = float("inf"), float("nan")
LN2, LN3 = 0.6931471805599453, 1.0986122886681098

BLANCHARD = "Blanchard, Higham, Higham 2021, 'Accurately computing the log-sum-exp and softmax'"

IMPOSSIBLE = "An entry of −∞ has probability 0 and takes no part; its gradient is exactly 0."
UNDEFINED = "The limit depends on how fast the entry grows; torch, SciPy and JAX give NaN as well."
SILENT = (
    "Nothing is left to normalise: every entry is impossible, its probability is 0, and no "
    "derivative flows. A NaN, which torch and SciPy return, would poison the batch."
)
SPREADS = "A NaN reaches its own row and no other."
TIED = "Equal logits share equally; the function is smooth there."
NOTHING = "There is nothing to normalise."


def conventions(
    *, partial: Any, empty: Any, tied: Any, undefined: Any, nan: Any
) -> tuple[Convention, ...]:
    """Return the special rows of a function along an axis, given what it makes of each."""
    some = [[0.0, -INF, 0.0], [0.0, 0.0, 0.0]]
    return (
        Convention("an entry of -inf", {"x": some}, partial, IMPOSSIBLE),
        Convention("a row of -inf", {"x": [-INF, -INF]}, empty, SILENT),
        Convention("a fully masked row", {"x": [1.0, 2.0], "where": [False, False]}, empty, SILENT),
        Convention("ties", {"x": [5.0, 5.0]}, tied, TIED),
        Convention("an entry of +inf", {"x": [INF, 0.0]}, undefined, UNDEFINED, finite=False),
        Convention("a NaN", {"x": [[NAN, 0.0], [0.0, 0.0]]}, nan, SPREADS, finite=False),
        Convention("an empty axis", {"x": [[], []]}, ArgumentError, NOTHING),
    )


def normalised(s: State) -> tuple[Shifted, Array]:
    """Return the row relative to its maximum, and its softmax; 0 for a row of −∞."""
    xp = namespace(s.x)
    row = shift(s.x, s.axis)
    total = xp.where(row.others == -1, xp.ones_like(row.others), 1 + row.others)
    return row, row.exp / total


def like(x: Array, y: Array) -> Array:
    """Return ``y`` in the dtype of ``x``."""
    return namespace(x).astype(y, x.dtype, copy=False)
