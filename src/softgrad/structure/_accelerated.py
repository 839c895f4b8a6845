"""Methods of structures that a native kernel may run."""

from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from typing import Any

from softgrad import native
from softgrad._array import Array

__all__ = ["accelerated"]


def accelerated(kernel: str, *arrays: str) -> Callable:
    """Let a native kernel run a method along the structure's axis; the method is the reference.

    Parameters
    ----------
    kernel
        Its name.
    arrays
        What it takes, in order: fields of the structure, or of one that it holds, as in ``at.s``;
        ``"*"`` is the method's argument.
    """
    fields = [None if name == "*" else attrgetter(name) for name in arrays]

    def decorate(portable: Callable[..., Array]) -> Callable[..., Array]:
        @wraps(portable)
        def method(self: Any, t: Array, out: Array | None = None) -> Array:
            given = (t if field is None else field(self) for field in fields)
            found = native.rows(kernel, getattr(self, "axis", None), *given, out=out)
            return portable(self, t) if found is None else found[0]

        return method

    return decorate
