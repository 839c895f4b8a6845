"""Words that the engines share."""

from collections.abc import Sequence
from typing import Any

from softgrad.audit.place import Place

__all__ = ["array", "at", "plain"]

_LONGEST = 40


def array(dtype: Any, shape: Sequence[int]) -> str:
    """Return an array as it stands in a call: ``float32[4, 10]``.

    >>> from softgrad.audit.report.words import array
    >>> array("float32", (4, 10))
    'float32[4, 10]'
    """
    return f"{dtype}[{', '.join(map(str, shape))}]"


def plain(value: Any) -> str:
    """Return any other argument as it stands in a call, if it is short."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{type(value).__name__}(…)"


def at(place: Place | None, module: str = "") -> str:
    """Return where a call is made, to be read after what it is."""
    return (f" at {place}" if place else "") + (f" in {module}" if module else "")
