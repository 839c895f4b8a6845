"""The answer of an audit."""

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from softgrad.audit.place import Place
from softgrad.audit.report import text
from softgrad.audit.report.data import as_data
from softgrad.audit.report.terminal import Shown
from softgrad.check import Report
from softgrad.errors import MissingExtra

__all__ = ["AuditReport", "Finding", "Note"]

_ORDER = (False, None, True)


@dataclass(frozen=True)
class Finding:
    """What was found about one distinct call.

    Parameters
    ----------
    call
        The call, as it is written.
    places
        The user's lines that make it, each once.
    within
        The line of an installed package that it is made by, if it is.
    modules
        The paths of the modules that make it, each once.
    count
        How often it was made.
    report
        What the checker says about its derivative.
    """

    call: str
    places: tuple[Place, ...]
    within: Place | None
    modules: tuple[str, ...]
    count: int
    report: Report

    @property
    def ok(self) -> bool | None:
        """``True``: the derivative is right. ``False``: it is wrong. ``None``: undecided."""
        return self.report.ok

    @property
    def bug(self) -> str | None:
        """The bug's name, if it is wrong and has one."""
        return self.report.bug

    @property
    def source(self) -> str:
        """The user's line, ``file.py:42``, or that of the package that makes the call."""
        return str(self.places[0] if self.places else self.within or "?")

    @property
    def module(self) -> str:
        """The path of the module that makes the call, ``""`` for the outermost."""
        return self.modules[0] if self.modules else ""

    @property
    def explanation(self) -> str:
        """What is wrong, the right formula, and how to fix it."""
        return self.report.explanation


@dataclass(frozen=True)
class Note:
    """Something that is no wrong derivative and yet keeps a model from learning.

    Parameters
    ----------
    kind
        ``no_gradient``, ``not_finite``, ``hook`` or ``compiled``.
    text
        One sentence.
    place
        The user's line.
    """

    kind: str
    text: str
    place: Place | None = None


@dataclass(frozen=True)
class AuditReport:
    """What :func:`softgrad.audit` found.

    Parameters
    ----------
    findings
        One for each distinct call, those with a wrong derivative first.
    whole
        What the checker says about the derivative of the whole, by parameter.
    notes
        What else was noticed.
    calls
        How many differentiable calls the run made.
    seed
        The seed: the same seed gives the same report.
    """

    findings: tuple[Finding, ...]
    whole: Report | None
    notes: tuple[Note, ...]
    calls: int
    seed: int

    def __post_init__(self) -> None:
        """Put the guilty first, then what could not be judged."""
        ordered = sorted(self.findings, key=lambda finding: _ORDER.index(finding.ok))
        object.__setattr__(self, "findings", tuple(ordered))

    @property
    def ok(self) -> bool | None:
        """``False`` if any derivative is wrong, ``True`` if all that could be judged are right.

        ``None`` if none could be judged.
        """
        verdicts = [f.ok for f in self.findings] + ([] if self.whole is None else [self.whole.ok])
        if False in verdicts:
            return False
        return True if True in verdicts else None

    @property
    def guilty(self) -> tuple[Finding, ...]:
        """The findings whose derivative is wrong."""
        return tuple(finding for finding in self.findings if finding.ok is False)

    @property
    def verdict(self) -> str:
        """The answer in one word."""
        return {True: "right", False: "wrong", None: "undecided"}[self.ok]

    def __bool__(self) -> bool:
        """Return whether nothing wrong was found."""
        return self.ok is True

    def __str__(self) -> str:
        """Return the report as text of at most 80 columns."""
        return text.plain(self)

    def __rich__(self) -> Shown:
        """Return the report as a rich renderable."""
        return Shown(self)

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows; ``None``, which makes it show the text, without Jinja2."""
        from softgrad.audit.report import html  # slow to import, and for few

        try:
            return html.fragment(self)
        except MissingExtra:
            return None

    def to_text(self) -> str:
        """Return the report as text of at most 80 columns."""
        return text.plain(self)

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
        from softgrad.audit.report import html

        page = html.page(self)
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data; numbers that are not finite are strings."""
        return as_data(self)

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_sarif(self) -> str:
        """Return the report as a SARIF 2.1.0 log, which code hosts show beside the source."""
        from softgrad.audit.report import sarif

        return json.dumps(sarif.log(self), ensure_ascii=False)
