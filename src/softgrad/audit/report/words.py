"""Words that the engines share."""

from collections.abc import Sequence
from typing import Any

__all__ = ["array", "plain"]

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
