"""The members that losses are made of besides log_softmax: targets, pairing, reduction."""

from typing import Any

from softgrad._array import Array, full_view, namespace
from softgrad.axis import ALL
from softgrad.declare import Leaf, Member, Node
from softgrad.errors import ArgumentError
from softgrad.structure import Diagonal, Functional, times

__all__ = ["MIX", "PAIR", "SQUARE", "check_reduction", "reduced"]

REDUCTIONS = ("mean", "sum", "none")

MIX = Member(
    name="mix",
    title="weighting the targets",
    inputs=("y",),
    arrays=("gain", "offset", "slope"),
    fields=("q",),
    solve=lambda s: (s.gain * s.y + s.offset,),
    jacobian=lambda s: {"y": Diagonal(s.slope)},
    definition=lambda mp, y, gain, offset, slope: gain * y + offset,
    along_axis=False,
    linear=True,
)
"""Smoothed and weighted targets; ``slope`` is ``gain`` where the class exists and 0 elsewhere."""

PAIR = Member(
    name="pair",
    title="the log-likelihood",
    inputs=("y", "q"),
    fields=("loglik",),
    solve=lambda s: (s.axis.drop(s.axis.sum(_expected(s.q, s.y))),),
    jacobian=lambda s: {"y": Functional(s.q, s.axis), "q": Functional(s.y, s.axis)},
    definition=lambda mp, y, q: mp.fsum(b * a for a, b in zip(y, q, strict=True) if b),
)
"""The log-likelihood of a row, ⟨q, log p⟩."""


def _expected(q: Array, y: Array) -> Array:
    # 0·(−∞) is 0: a class that is impossible and not asked for costs nothing
    xp = namespace(q)
    return q * xp.where(q == 0, xp.zeros_like(y), y)


def _solve_square(s: Any) -> tuple[Array, Array]:
    xp = namespace(s.x)
    x = xp.where(s.x == -xp.inf, xp.zeros_like(s.x), s.x)
    return x * x, 2 * x


SQUARE = Member(
    name="square",
    title="the squared logsumexp",
    inputs=("x",),
    fields=("y", "slope"),
    solve=_solve_square,
    jacobian=lambda s: {"x": Diagonal(s.slope)},
    sensitivity=lambda s: {"slope": {"x": Diagonal(full_view(2.0, s.slope))}},
    definition=lambda mp, x: x * x if x > -mp.inf else mp.mpf(0),
    along_axis=False,
)
"""The square of a row's logsumexp; 0 for a row without classes."""

TOTAL = Member(
    name="total",
    title="the reduction",
    inputs=("rows", "extra"),
    arrays=("share", "extra_share", "nothing"),
    fields=("loss",),
    solve=lambda s: (_or_nothing(s, s.axis.drop(s.axis.sum(_combined(s)))),),
    jacobian=lambda s: {
        "rows": Functional(s.share, s.axis),
        "extra": Functional(s.extra_share, s.axis),
    },
    definition=lambda mp, rows, extra, share, extra_share, nothing: mp.fsum(
        [
            *(a * b for a, b in zip(rows, share, strict=True)),
            *(a * b for a, b in zip(extra or (), extra_share or (), strict=True)),
            *(nothing or ())[:1],
        ]
    ),
    linear=True,
)
"""Rows, and a second term per row where there is one, summed with given shares; ``nothing`` is NaN
where the sum is a mean over no rows, whose value does not exist and whose derivative is 0."""

SHARE = Member(
    name="share",
    title="the reduction",
    inputs=("rows", "extra"),
    arrays=("share", "extra_share"),
    fields=("loss",),
    solve=lambda s: (_combined(s),),
    jacobian=lambda s: {"rows": Diagonal(s.share), "extra": Diagonal(s.extra_share)},
    definition=lambda mp, rows, extra, share, extra_share: (
        rows * share + (extra * extra_share if extra is not None else 0)
    ),
    along_axis=False,
    linear=True,
)
"""As ``TOTAL``, row by row."""


def _or_nothing(s: Any, total: Array) -> Array:
    return total if s.nothing is None else total + s.nothing


def _combined(s: Any) -> Array:
    rows = times(s.share, s.rows)
    return rows if s.extra is None else rows + times(s.extra_share, s.extra)


def check_reduction(reduction: str) -> str:
    """Return ``reduction`` if it is one of the three."""
    if reduction not in REDUCTIONS:
        allowed = ", ".join(repr(r) for r in REDUCTIONS)
        raise ArgumentError(f"reduction must be one of {allowed}; got {reduction!r}")
    return reduction


def reduced(
    reduction: str,
    rows: Node,
    share: Array,
    count: Array,
    extra: Node | None = None,
    extra_share: Array | None = None,
) -> Node:
    """Return the loss: rows·share (+ extra·extra_share), summed and divided by ``count``.

    Parameters
    ----------
    reduction
        ``mean``, ``sum`` or ``none``.
    rows, share
        One number per row and its coefficient.
    count
        What a mean divides by; NaN results where it is 0.
    extra, extra_share
        A second number per row and its coefficient.
    """
    shares = [share, extra_share]
    nothing = None
    if reduction == "mean":
        xp = namespace(count)
        empty = count == 0
        divisor = xp.where(empty, xp.ones_like(count), count)
        shares = [None if a is None else xp.where(empty, 0 * a, a / divisor) for a in shares]
        nothing = xp.where(empty, xp.full_like(count, xp.nan), xp.zeros_like(count))
    inputs: dict[str, Node | Leaf] = {"rows": rows}
    arrays = {"share": shares[0]}
    if nothing is not None:
        arrays["nothing"] = nothing
    if extra is not None:
        inputs["extra"], arrays["extra_share"] = extra, shares[1]
    member, axis = (SHARE, None) if reduction == "none" else (TOTAL, ALL)
    return Node(member, inputs, axis, arrays)
