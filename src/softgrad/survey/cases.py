"""What is asked of a library: every member of the family with every option it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from softgrad.function import Function
from softgrad.survey.library import Call
from softgrad.survey.rows import OPTIONS, ROWS, Option, Row, batches, undefined

__all__ = ["Case", "cases"]

DEFAULT = Option("", None)


@dataclass(frozen=True)
class Case:
    """A member with at most one option away from its default.

    Parameters
    ----------
    function
        The member.
    target
        ``"index"``, ``"soft"``, or empty where it takes none.
    option
        The option's name; empty for the bare member.
    chosen
        The option's value.
    """

    function: Function
    target: str = ""
    option: str = ""
    chosen: Option = DEFAULT

    @property
    def name(self) -> str:
        """What reports call the option: ``soft target, weight``."""
        target = f"{self.target} target" if self.target else ""
        option = f"{self.option}={self.chosen.label}" if self.chosen.label else self.option
        return ", ".join(filter(None, [target, option]))

    @property
    def primary(self) -> str:
        """The name of the logits."""
        return self.function.wrt[0]

    @property
    def by_row(self) -> bool:
        """Whether the member acts along an axis."""
        return "axis" in self.function.parameters

    def offered(self, call: Call) -> bool:
        """Return whether the call takes such a target and such an option."""
        if self.target and self.target not in call.targets:
            return False
        if self.option in call.fixed:
            return call.fixed[self.option] == self.chosen.value
        return not self.option or self.option in call.offers

    def apart(self, call: Call) -> bool:
        """Return whether each row has a result of its own, so that many can share one call."""
        return "reduction" not in self.function.parameters or (
            self.settings(call).get("reduction") == "none"
        )

    def settings(self, call: Call) -> dict[str, Any]:
        """Return the options that are plain values: the call's own, and rows kept apart."""
        found = dict(call.fixed)
        if "reduction" in call.offers:
            found["reduction"] = "none"
        if self.option == "reduction":
            found["reduction"] = self.chosen.value
        return found

    def rows(self, call: Call) -> Iterator[Row]:
        """Yield the rows on which the case is tried."""
        if self.option == "reduction":
            for batch in batches(self.chosen.value, self.function.domain.conventions):
                if not batch.given or (self.target == "index" and "ignore_index" in call.offers):
                    yield batch
            return
        # the logarithm of a certainty is ±∞, and its derivative there a matter of limits
        yield from (row for row in ROWS if self.by_row or np.isfinite(row.x).all())
        for row in undefined(self.function.domain.conventions):
            if (not row.given and not self.option) or self.option in row.given:
                yield row

    def arguments(self, row: Row, call: Call) -> dict[str, Any]:
        """Return the member's arguments for a row, the logits first."""
        given: dict[str, Any] = {self.primary: row.x}
        if self.target:
            given["target"] = row.index
        given |= self.settings(call)
        if self.option:
            given[self.option] = self.chosen.at(row)
        given |= row.given
        if self.target == "soft":
            exists = np.broadcast_to(given.get("where", True), row.x.shape)
            given["target"] = row.soft(exists)
        return given


def cases(function: Function) -> Iterator[Case]:
    """Yield the member by itself and with each value of each option, for each kind of target."""
    for target in _targets(function):
        yield Case(function, target)
        for option in OPTIONS:
            if option in function.parameters and not (
                option == "ignore_index" and target != "index"
            ):
                for chosen in OPTIONS[option]:
                    yield Case(function, target, option, chosen)


def _targets(function: Function) -> tuple[str, ...]:
    if "target" not in function.parameters:
        return ("",)
    return ("index", "soft") if "axis" in function.parameters else ("soft",)
