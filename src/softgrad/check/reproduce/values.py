"""The example's values as Python expressions, exact to the last bit."""

import ast
import base64
import re
import zlib
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame

__all__ = ["HELPERS", "Unwritable", "similar", "written"]

MOST_LITERALS = 200
"""The most entries written out; more are compressed."""

MOST_BYTES = 64_000
"""The most bytes a compressed array may take."""

MOST_GAIN = 16
"""How much smaller compressing makes an array at best, so that no time is lost on larger ones."""


HELPERS = {
    "unpacked": """\
import base64
import zlib


def unpacked(text, dtype, shape):
    data = zlib.decompress(base64.b85decode(text))
    return np.frombuffer(data, dtype).reshape(shape).copy()
""",
}
"""Definitions that the expressions use, by name."""


_COLUMNS, _INDENT = 72, 4 * " "
_NOT_FINITE = re.compile(r"\b(inf|nan)\b")

_NARROW = {name: "float32" for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2")}


class Unwritable(Exception):
    """A value has no expression."""


def written(value: Any, frame: Frame) -> str:
    """Return an expression that makes ``value`` again with ``np``, ``unpacked`` and ``laid_out``.

    Raises
    ------
    Unwritable
        For an object that is no array, number, string or container of such.
    """
    if frame.is_array(value):
        return _array(value, frame)
    if isinstance(value, np.ndarray):
        return _numpy(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {written(v, frame)}" for k, v in value.items()) + "}"
    if type(value) in (list, tuple):
        inside = ", ".join(written(each, frame) for each in value)
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return _plain(value)


def similar(value: Any, frame: Frame) -> str:
    """Return an expression for random numbers of the same shape, dtype and spread.

    Raises
    ------
    Unwritable
        For anything but an array.
    """
    if not (frame.is_array(value) or isinstance(value, np.ndarray)):
        raise Unwritable(f"a {type(value).__name__}")
    host = frame.to_numpy(value) if frame.is_array(value) else value
    drawn = f"np.random.default_rng({host.size})"
    if host.dtype.kind in "biu":
        numbers = f"{drawn}.integers({int(host.min())}, {int(host.max())} + 1, {host.shape})"
    else:
        spread = float(f"{np.std(host[np.isfinite(host)]):.3g}")
        numbers = f"{spread!r} * {drawn}.standard_normal({host.shape})"
    return _converted(value, frame, numbers)


def _plain(value: Any) -> str:
    if isinstance(value, float) and not np.isfinite(value):
        return f"float({str(value)!r})"
    try:
        if ast.literal_eval(repr(value)) == value:
            return repr(value)
    except (ValueError, SyntaxError):
        pass
    raise Unwritable(f"a {type(value).__name__}")


def _array(value: Any, frame: Frame) -> str:
    """Return the array as its library makes it; bfloat16 and the like of NumPy go via float32."""
    if frame.name == "numpy" and value.dtype.isbuiltin == 1:
        return _numpy(np.asarray(value))
    known = _NARROW.get(frame.dtype_name(value), frame.dtype_name(value))
    host = frame.to_numpy(value).astype(known)
    maker, dtype = _maker(value, frame)
    text = _listed(host, maker, dtype) if maker and _short(host) else ""
    text = text or _converted(value, frame, _dense(host))
    return _placed(value, text) if frame.name == "torch" else text


def _converted(value: Any, frame: Frame, numbers: str) -> str:
    maker, dtype = _maker(value, frame)
    if maker:
        return f"{maker}({numbers}, dtype={dtype})"
    whole = numbers if numbers.startswith("np.array") else f"({numbers})"
    return f"{whole}.astype({dtype})"


def _maker(value: Any, frame: Frame) -> tuple[str, str]:
    """Return what makes an array of the library, and the dtype to tell it."""
    dtype = frame.dtype_name(value)
    if frame.name == "torch":
        return "torch.tensor", f"torch.{dtype}"
    return ("jnp.asarray" if frame.name == "jax" else ""), repr(dtype)


def _numpy(array: np.ndarray) -> str:
    text = _dense(array)
    if array.flags.c_contiguous and not _start(array):
        return text
    return f"laid_out({text}, {array.strides}, {_start(array)})"


def _dense(array: np.ndarray) -> str:
    """Return the numbers, in C order."""
    if array.size <= MOST_LITERALS:
        text = _listed(array, "np.array", repr(array.dtype.name))
        return text + ("" if array.size else f".reshape({array.shape})")
    small = array.nbytes <= MOST_BYTES * MOST_GAIN
    packed = base64.b85encode(zlib.compress(array.tobytes(), 9)).decode() if small else ""
    if not small or len(packed) > MOST_BYTES:
        raise Unwritable(f"an array of {array.size} entries")
    return f"unpacked({packed!r}, {array.dtype.name!r}, {array.shape})"


def _short(array: np.ndarray) -> bool:
    """Return whether the entries are written out, and tell the shape."""
    return 0 < array.size <= MOST_LITERALS


def _listed(array: np.ndarray, maker: str, dtype: str) -> str:
    """Return the call that makes the array of nested lists, wrapped to a page."""
    text = np.array2string(
        array,
        _COLUMNS,
        separator=", ",
        prefix=_INDENT,
        threshold=array.size + 1,
        formatter={"all": str},  # as few digits as tell the number
        legacy=False,
    )
    if array.dtype.kind in "fc":
        text = _NOT_FINITE.sub(r"np.\1", text)
    if "\n" in text:
        return f"{maker}(\n{_INDENT}{text},\n{_INDENT}dtype={dtype},\n)"
    return f"{maker}({text}, dtype={dtype})"


def _offset(array: np.ndarray) -> int:
    """Return how many bytes of a buffer not much larger than the array come before it."""
    base = array.base
    if not isinstance(base, np.ndarray) or base.nbytes > 4 * array.nbytes + 256:
        return 0
    return max(array.ctypes.data - base.ctypes.data, 0)


def _start(array: np.ndarray) -> int:
    """Return where the first entry lies; entries with negative strides come before it."""
    pairs = zip(array.strides, array.shape, strict=True)
    return max(_offset(array), sum(-s * (n - 1) for s, n in pairs if s < 0 and n > 1))


def _placed(tensor: Any, text: str) -> str:
    strides, start = tuple(tensor.stride()), tensor.storage_offset()
    if (tensor.is_contiguous() and not start) or 0 in strides:
        return text
    return f"laid_out({text}, {strides}, {start})"
