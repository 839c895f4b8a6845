"""What may be done to the logits first: bias, softcap, temperature, mask — on every function."""

from typing import TypedDict

from softgrad._array import Array, constant_like, full_view, is_array, namespace, peek
from softgrad.declare import Leaf, Member, Node, State
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.structure import Diagonal

__all__ = ["ARRAYS", "INPUTS", "Premap", "check_fits", "logits", "nonnegative"]


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
    temperature: Leaf | float = 1.0,
    softcap: float | None = None,
    bias: Leaf | None = None,
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
        check_fits("bias", _leaf("bias", bias, x).array, x)
        z = Node(SHIFT, {"x": z, "bias": _leaf("bias", bias, x)})
    if where is not None:
        where = _mask(where, x)
        z = Node(FILL, {"x": z}, arrays={"where": where}, constants={"value": 0.0})
    if softcap is not None:
        z = Node(SOFTCAP, {"x": z}, constants={"cap": _positive("softcap", softcap)})
    if isinstance(temperature, Leaf) or temperature != 1.0:
        z = Node(TEMPER, {"x": z, "temperature": _temperature(temperature, x)})
    if where is not None and masked != 0.0:
        z = Node(FILL, {"x": z}, arrays={"where": where}, constants={"value": masked})
    return z


def _leaf(name: str, value: Leaf | float, x: Leaf) -> Leaf:
    return value if isinstance(value, Leaf) else Leaf(name, constant_like(float(value), x.array))


def _temperature(value: Leaf | float, x: Leaf) -> Leaf:
    if not isinstance(value, Leaf):
        return _leaf("temperature", _positive("temperature", value), x)
    check_fits("temperature", value.array, x)
    seen = peek(value.array)
    if seen is not None and (seen <= 0).any():
        raise ArgumentError("temperature must be positive; got an entry that is 0 or negative")
    return value


def _mask(where: Array, x: Leaf) -> Array:
    if isinstance(where, bool):
        where = full_view(1.0, x.array) == (1.0 if where else 0.0)
    if not is_array(where) or "bool" not in str(where.dtype):
        given = getattr(where, "dtype", type(where).__name__)
        raise ArgumentTypeError(f"where must be a boolean array; got {given}")
    check_fits("where", where, x)
    return namespace(where).broadcast_to(where, x.array.shape)


def _positive(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"{name} must be a number; got {type(value).__name__}")
    if not 0 < value < float("inf"):
        raise ArgumentError(f"{name} must be positive and finite; got {value}")
    return float(value)


def nonnegative(name: str, value: float) -> float:
    """Return ``value`` if it is a finite number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"{name} must be a number; got {type(value).__name__}")
    if not 0 <= value < float("inf"):
        raise ArgumentError(f"{name} must be non-negative and finite; got {value}")
    return float(value)


def check_fits(name: str, array: Array, x: Leaf) -> None:
    """Raise unless ``array`` broadcasts to the logits."""
    shape, full = tuple(array.shape), tuple(x.array.shape)
    padded = (1,) * (len(full) - len(shape)) + shape
    if len(padded) > len(full) or any(a not in (1, b) for a, b in zip(padded, full, strict=True)):
        raise ArgumentError(f"{name} of shape {shape} does not broadcast to {x.name}, {full}")
