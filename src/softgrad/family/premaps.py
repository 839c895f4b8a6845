"""What may be done to the logits first: bias, softcap, temperature, mask — on every function."""

from typing import TypedDict

from softgrad._array import Array, full_view, is_array, namespace, peek
from softgrad.declare import Leaf, Member, Node, State
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.family._arguments import as_leaf, check_fits, positive
from softgrad.structure import Diagonal

__all__ = ["ARRAYS", "INPUTS", "Premap", "logits", "mask"]


class Premap(TypedDict, total=False):
    """The keyword arguments of :func:`logits`, for type checkers."""

    temperature: Array | float
    softcap: float | None
    bias: Array | None
    where: Array | None


INPUTS = ("bias", "temperature")
ARRAYS = ("where",)

SHIFT = Member(
    name="shift",
    title="the added bias",
    inputs=("x", "bias"),
    fields=("z",),
    solve=lambda s: (s.x + s.bias,),
    jacobian=lambda s: {
        "x": Diagonal(full_view(1.0, s.z)),
        "bias": Diagonal(full_view(1.0, s.z), tuple(s.bias.shape)),
    },
    definition=lambda mp, x, bias: x + bias,
    along_axis=False,
    linear=True,
)

FILL = Member(
    name="fill",
    title="masking",
    inputs=("x",),
    arrays=("where",),
    fields=("z",),
    solve=lambda s: (namespace(s.x).where(s.where, s.x, full_view(s.value, s.x)),),
    jacobian=lambda s: {"x": Diagonal(namespace(s.z).astype(s.where, s.z.dtype))},
    definition=lambda mp, x, where, value: x if where else mp.mpf(value),
    along_axis=False,
    linear=True,
)


def _solve_softcap(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    u = xp.abs(s.x) / s.cap
    decay = xp.exp(-2 * u)
    tanh = xp.tanh(s.x / s.cap)
    # sech² = 1 − tanh², which cancels, is 4e^(−2u)/(1 + e^(−2u))²
    return s.cap * tanh, 4 * decay / (1 + decay) ** 2, tanh


SOFTCAP = Member(
    name="softcap",
    inputs=("x",),
    fields=("z", "slope", "tanh"),
    solve=_solve_softcap,
    jacobian=lambda s: {"x": Diagonal(s.slope)},
    sensitivity=lambda s: {
        "slope": {"x": Diagonal(-2 * s.tanh * s.slope / s.cap)},
        "tanh": {"x": Diagonal(s.slope / s.cap)},
    },
    definition=lambda mp, x, cap: cap * mp.tanh(x / cap),
    along_axis=False,
)


def _solve_temper(s: State) -> tuple[Array, ...]:
    xp = namespace(s.x)
    z = s.x / s.temperature
    rate = xp.broadcast_to(1 / s.temperature, z.shape) + xp.zeros_like(z)
    return z, rate, xp.where(xp.isinf(z), xp.zeros_like(z), -z * rate)


TEMPER = Member(
    name="temper",
    title="temperature scaling",
    inputs=("x", "temperature"),
    fields=("z", "rate", "cooling"),
    solve=_solve_temper,
    jacobian=lambda s: {
        "x": Diagonal(s.rate),
        "temperature": Diagonal(s.cooling, tuple(s.temperature.shape)),
    },
    sensitivity=lambda s: {
        "rate": {"temperature": Diagonal(-(s.rate**2), tuple(s.temperature.shape))},
        "cooling": {
            "x": Diagonal(-(s.rate**2)),
            "temperature": Diagonal(-2 * s.rate * s.cooling, tuple(s.temperature.shape)),
        },
    },
    definition=lambda mp, x, temperature: x / temperature,
    along_axis=False,
)


def logits(
    x: Leaf,
    masked: float = -float("inf"),
    *,
    temperature: Array | float = 1.0,
    softcap: float | None = None,
    bias: Array | None = None,
    where: Array | None = None,
) -> Node | Leaf:
    """Return c·tanh((x + bias)/c)/temperature with ``masked`` where ``where`` is False.

    Parameters
    ----------
    x
        The logits.
    masked
        What takes the place of masked logits: −∞ removes them from the row.
    temperature
        Divides the logits; positive, a number or an array that broadcasts to ``x``.
    softcap
        Bounds the logits smoothly to ±softcap; positive. Acts before the temperature, after bias.
    bias
        Added to the logits; broadcasts to ``x``.
    where
        Boolean mask that broadcasts to ``x``; False removes the entry. Masked entries are never
        read: not even NaN there matters.
    """
    z: Node | Leaf = x
    if bias is not None:
        z = Node(SHIFT, {"x": z, "bias": as_leaf("bias", bias, x)})
    if where is not None:
        where = mask(where, x)
        z = Node(FILL, {"x": z}, arrays={"where": where}, constants={"value": 0.0})
    if softcap is not None:
        z = Node(SOFTCAP, {"x": z}, constants={"cap": positive("softcap", softcap, x.array)})
    if (divisor := _temperature(temperature, x)) is not None:
        z = Node(TEMPER, {"x": z, "temperature": divisor})
    if where is not None and masked != 0.0:
        z = Node(FILL, {"x": z}, arrays={"where": where}, constants={"value": masked})
    return z


def _temperature(value: Leaf | Array | float, x: Leaf) -> Leaf | None:
    if (
        not isinstance(value, Leaf)
        and not is_array(value)
        and positive("temperature", value, x.array) == 1
    ):
        return None
    leaf = as_leaf("temperature", value, x)
    seen = peek(leaf.array)
    if seen is not None and (seen <= 0).any():
        raise ArgumentError("temperature must be positive; got an entry that is 0 or negative")
    return leaf


def mask(where: Array | bool | None, x: Leaf) -> Array | None:
    """Return the mask in the shape of the logits, or None."""
    if where is None:
        return None
    if isinstance(where, bool):
        where = full_view(1.0, x.array) == (1.0 if where else 0.0)
    if not is_array(where) or "bool" not in str(where.dtype):
        given = getattr(where, "dtype", type(where).__name__)
        raise ArgumentTypeError(f"where must be a boolean array; got {given}")
    check_fits("where", where, x)
    return namespace(where).broadcast_to(where, x.array.shape)
