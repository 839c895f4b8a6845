"""What a library tells the survey: its calls for members of the family, and what it documents."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from softgrad.survey.dialects import Dialect

__all__ = ["DTYPES", "ORDERS", "Call", "Documented", "Library"]

DTYPES = ("float64", "float32", "bfloat16", "float16")
"""The dtypes that are surveyed, in the order of the matrix."""

ORDERS = ("value", "vjp", "jvp", "second")
"""What is compared with the truth; ``second`` is how the VJP moves along a tangent."""


@dataclass(frozen=True)
class Documented:
    """A difference from the family that the library documents: a convention, no defect.

    Parameters
    ----------
    why
        What the library says of it, in one sentence.
    rows
        The names of the rows where it holds; all where none is given.
    options
        The options under which it holds; all where none is given.
    orders
        The orders in which it shows.
    """

    why: str
    rows: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    orders: tuple[str, ...] = ORDERS

    def covers(self, row: str, options: Sequence[str], order: str) -> bool:
        """Return whether it holds there."""
        return (
            (not self.rows or row in self.rows)
            and (not self.options or not set(self.options).isdisjoint(options))
            and order in self.orders
        )


@dataclass(frozen=True)
class Call:
    """One way to have a member of the family from the library.

    Parameters
    ----------
    api
        What the library's users call it.
    function
        The call, as a plain function at the top of its module, so that a program can hold a copy
        of it. Its parameters have the names that the member's have; those it has are what the
        library offers.
    targets
        The kinds of target it takes, ``"index"`` and ``"soft"``, where the member takes one.
    fixed
        Options that the library sets itself to other values than the member's defaults.
    documented
        Differences that are conventions.
    """

    api: str
    function: Callable[..., Any]
    targets: tuple[str, ...] = ("index", "soft")
    fixed: Mapping[str, Any] = field(default_factory=dict)
    documented: tuple[Documented, ...] = ()

    @cached_property
    def offers(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(inspect.signature(self.function).parameters)


@dataclass(frozen=True)
class Library:
    """A library, as the survey calls it.

    Parameters
    ----------
    name
        What ``softgrad survey --library`` knows it by.
    title
        What its authors call it.
    distribution
        The installed package that has its version.
    dialect
        How a program makes its arrays and differentiates its functions.
    calls
        By member of the family, each way to have it.
    dtypes
        The dtypes it takes.
    """

    name: str
    title: str
    distribution: str
    dialect: Dialect
    calls: Mapping[str, Sequence[Call]]
    dtypes: tuple[str, ...] = DTYPES

    @property
    def version(self) -> str:
        """The installed version; a question mark where its package has another name."""
        from importlib.metadata import PackageNotFoundError, version  # slow to import

        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return "?"
