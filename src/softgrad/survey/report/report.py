"""The answer of a survey: a cell for each member, option, dtype and order of a library."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from softgrad.survey.report.terminal import Shown

__all__ = ["FAILING", "VERDICTS", "Cell", "Measurement", "SurveyReport"]

VERDICTS = ("not offered", "ok", "convention", "inaccurate", "raises", "wrong")
"""From the best to the worst."""

FAILING = VERDICTS[3:]


@dataclass(frozen=True)
class Measurement:
    """One row in one layout, with one kind of upstream gradient.

    Parameters
    ----------
    row
        The row's name.
    layout
        How it lies; empty for rows along the last axis of contiguous memory.
    kind
        The kind of upstream gradient or tangent; empty for a value.
    verdict
        One of ``VERDICTS``.
    ulp
        The error in units of the last place; infinite where the claim is not finite.
    claimed, true
        The numbers at the entry that is farthest off.
    message
        The exception, or why a difference is a convention.
    """

    row: str
    layout: str
    kind: str
    verdict: str
    ulp: float = 0.0
    claimed: float = math.nan
    true: float = math.nan
    message: str = ""

    @property
    def badness(self) -> tuple[int, bool, bool, float]:
        """What the worst measurement has most of; a huge direction only makes it seem so."""
        finite = math.isfinite(self.ulp)
        size = abs(self.claimed - self.true) if finite else 0.0
        return VERDICTS.index(self.verdict), not finite, self.kind != "huge", size

    @property
    def where(self) -> str:
        """The circumstances in words."""
        kind = f"{self.kind} direction" if self.kind else ""
        return ", ".join(filter(None, [self.row, self.layout, kind]))


@dataclass(frozen=True)
class Cell:
    """A member of the family as one call of a library gives it.

    Parameters
    ----------
    library, version, api
        The call.
    member, option
        What it is meant to be.
    dtype, order
        In which dtype, and which derivative.
    tried
        How many measurements were made; none where it is not offered.
    strays
        The measurements that are not right.
    worst
        The one of them that is farthest off.
    snippet
        A program that shows it without softgrad.
    """

    library: str
    version: str
    api: str
    member: str
    option: str
    dtype: str
    order: str
    tried: int = 0
    strays: tuple[Measurement, ...] = ()
    worst: Measurement | None = None
    snippet: str = ""

    @property
    def verdict(self) -> str:
        """The verdict of the worst measurement."""
        if self.worst is not None:
            return self.worst.verdict
        return "ok" if self.tried else "not offered"

    @property
    def failures(self) -> tuple[Measurement, ...]:
        """The measurements that are inaccurate, wrong or raise."""
        return tuple(each for each in self.strays if each.verdict in FAILING)


@dataclass(frozen=True)
class SurveyReport:
    """What :func:`softgrad.survey` found.

    Parameters
    ----------
    cells
        Every cell, those that are not offered included.
    versions
        The surveyed libraries' versions by name.
    dtypes
        The dtypes that were asked for.
    absent
        The known libraries that are not installed.
    """

    cells: tuple[Cell, ...]
    versions: dict[str, str]
    dtypes: tuple[str, ...]
    absent: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every cell that is offered conforms, conventions included."""
        return not self.failing

    @property
    def failing(self) -> tuple[Cell, ...]:
        """The cells that are inaccurate, wrong or raise."""
        return tuple(cell for cell in self.cells if cell.verdict in FAILING)

    def __bool__(self) -> bool:
        """Return whether everything conforms."""
        return self.ok

    def __str__(self) -> str:
        """Return the matrix and the failing cells as text of at most 80 columns."""
        return self.to_text()

    def __rich__(self) -> "Shown":
        """Return the report as a rich renderable."""
        from softgrad.survey.report.terminal import Shown

        return Shown(self)

    def to_text(self) -> str:
        """Return the matrix and the failing cells as text of at most 80 columns."""
        from softgrad.survey.report.text import lines

        return "\n".join(line for _, line in lines(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data; numbers that are not finite are strings."""
        from softgrad.survey.report.data import as_data

        return as_data(self)

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """Return the report as a page that needs no network and no script.

        Parameters
        ----------
        path
            Where to write it as well.

        Raises
        ------
        MissingExtra
            Without Jinja2, which ``softgrad[report]`` brings.
        """
        from softgrad.survey.report import html

        page = html.page(self)
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def of(self, library: str) -> Iterator[Cell]:
        """Yield the cells of one library."""
        return (cell for cell in self.cells if cell.library == library)
