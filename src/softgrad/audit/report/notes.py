"""What an audit notices that is no wrong derivative, in sentences."""

from collections.abc import Sequence

from softgrad.audit.place import Place
from softgrad.audit.report.report import Note
from softgrad.audit.report.words import at

__all__ = ["lost", "strange"]

_SHOWN = 4


def lost(names: Sequence[str], why: str | None, place: Place | None, module: str = "") -> Note:
    """Return that inputs receive no gradient, because of ``why``, or as the loss has no use."""
    who = ", ".join(names[:_SHOWN])
    who += f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    verb, them = ("receives", "it") if len(names) == 1 else ("receive", "them")
    because = f"the loss does not use {them}" if why is None else f"because of {why}"
    told = f"{who} {verb} no gradient: {because}{at(place, module)}"
    return Note("no_gradient", told, place)


def strange(what: str, call: str, place: Place | None, module: str = "") -> Note:
    """Return which call is the first whose value or gradient is not finite."""
    told = f"the first {what} that is not finite comes from {call}{at(place, module)}"
    return Note("not_finite", told, place)
