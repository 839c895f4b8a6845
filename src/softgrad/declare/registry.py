"""Every declared function by name, for those that come across one as text."""

from collections.abc import Mapping
from typing import Any, Protocol

from softgrad._array import Array

__all__ = ["Runnable", "declared", "register"]


class Runnable(Protocol):
    """What the registry knows of a function."""

    name: str

    def run(self, args: tuple, kwargs: Mapping[str, Any]) -> Array:
        """Return the value for these arguments."""


_FUNCTIONS: dict[str, Any] = {}


def register(function: Runnable) -> None:
    """Add a function under its name."""
    _FUNCTIONS[function.name] = function


def declared() -> dict[str, Any]:
    """Return the functions by name."""
    return dict(_FUNCTIONS)
