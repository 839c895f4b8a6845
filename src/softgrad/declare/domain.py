"""Special rows and the convention chosen for each, as data that documents and tests share."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Convention", "Domain"]


@dataclass(frozen=True)
class Convention:
    """One special case and what softgrad makes of it.

    Parameters
    ----------
    case
        What is special about the input.
    given
        Arguments that show it, as nested lists and plain values, by name.
    gives
        The value that must come out, or the exception that must be raised.
    why
        The reason, with the peers' choice where they disagree.
    finite
        Whether every first and second derivative at ``given`` is finite.
    """

    case: str
    given: dict[str, Any]
    gives: Any
    why: str
    finite: bool = True


@dataclass(frozen=True)
class Domain:
    """What a function accepts, in words, and its conventions."""

    accepts: str
    conventions: tuple[Convention, ...] = ()
