"""Another example made from the user's, what sets it apart, and what it must be compared with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from softgrad.check.battery.example import Example
from softgrad.check.subject.subject import Subject

__all__ = ["Dial", "Row", "Variant"]


@dataclass(frozen=True)
class Dial:
    """A way that leads from examples at which the derivative is right to one where it is wrong.

    Parameters
    ----------
    at
        The example at a strength.
    low, high
        Strengths: right at ``low``, perhaps wrong at ``high``.
    told
        The trigger, with ``{}`` for the strength at which it goes wrong.
    whole
        Whether strengths are integers.
    """

    at: Callable[[float], Subject]
    low: float
    high: float
    told: str
    whole: bool = False


@dataclass(frozen=True)
class Variant:
    """Another example.

    Parameters
    ----------
    trigger
        What sets it apart, to be read after "when".
    subject
        The example.
    bug
        The name of whatever is wrong only here, where the circumstances give it away.
    control
        The nearest example without what sets this one apart: where the derivative is wrong there
        as well, the control's trigger is the one to tell.
    dials
        Ways to here along which the place is looked up where the derivative goes wrong.
    foreign
        Whether it may be none of the derivative's own kind: a parameter with which a function
        declares a surrogate, an axis more than it was written for. Then a gradient of the wrong
        shape says nothing.
    """

    trigger: str
    subject: Subject
    bug: str | None = None
    control: "Variant | None" = None
    dials: tuple[Dial, ...] = ()
    foreign: bool = False


@dataclass(frozen=True)
class Row:
    """One idea of what a derivative might not survive.

    Parameters
    ----------
    name
        What it is called in the progress of a check and in tests.
    make
        Yields the examples; none where the idea does not apply.
    compiled
        How many of the examples are tried in a library that compiles for every new shape.
    """

    name: str
    make: Callable[[Example], Iterator[Variant]]
    compiled: int | None = None
