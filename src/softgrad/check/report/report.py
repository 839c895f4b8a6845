"""The answer of a check."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from softgrad.check.report.content import content, points
from softgrad.check.report.data import as_data
from softgrad.check.report.finding import Entry, Finding, Picture
from softgrad.check.report.terminal import Shown
from softgrad.check.report.text import plain, short
from softgrad.errors import MissingExtra

__all__ = ["Report", "Tally"]


@dataclass
class Tally:
    """How often the code under check was run."""

    forward: int = 0
    backward: int = 0


@dataclass(frozen=True)
class Report:
    """What :func:`softgrad.check` found.

    Parameters
    ----------
    ok
        ``True``: the derivative is right. ``False``: it is wrong. ``None``: undecided.
    reason
        One sentence that says why.
    bug
        The bug's name, a key of ``softgrad.check.BUGS``; ``None`` if it is right or has no name.
    wrong
        A mask of the wrong entries for each differentiable input for which they are known, or
        ``None``.
    entries
        The wrong entries that were looked at one by one: input, index, claimed and true value.
    evidence
        Measured facts, most telling first.
    formula, fix
        The right formula and what to change; general ones where the function is not known.
    runner_up
        The next best explanation: its name, what it says, and how far the claim is from it.
    trigger
        The circumstances that bring the bug out, where they are not those of the example.
    pictures
        The claimed and the true Jacobian of a small instance, by input.
    snippet
        A program that shows the difference without softgrad.
    kinks
        How many entries lie at a kink of the function, where any subgradient is right.
    evaluations
        Counts of forward and backward runs.
    seed
        The seed of the probe's random directions: the same seed gives the same report.
    example
        The inputs at which it fails, where they are not those that the check was given.
    """

    ok: bool | None
    reason: str
    bug: str | None = None
    wrong: dict[str, np.ndarray] | None = None
    entries: tuple[Entry, ...] = ()
    evidence: tuple[str, ...] = ()
    formula: str | None = None
    fix: str | None = None
    runner_up: Finding | None = None
    trigger: str | None = None
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    snippet: str | None = field(default=None, repr=False)
    kinks: int = 0
    evaluations: Tally = field(default_factory=Tally)
    seed: int = 0
    example: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def explanation(self) -> str:
        """What is wrong, the right formula, and how to fix it."""
        return "\n".join([self.reason, *(f"{label}: {said}" for label, said in points(self))])

    @property
    def verdict(self) -> str:
        """The answer in one word."""
        return {True: "right", False: "wrong", None: "undecided"}[self.ok]

    def __bool__(self) -> bool:
        """Return whether the derivative was found right."""
        return self.ok is True

    def __str__(self) -> str:
        """Return the report as text of at most 80 columns, without the program."""
        return plain(content(self))

    def __rich__(self) -> Shown:
        """Return the report as a rich renderable."""
        return Shown(self)

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows; ``None``, which makes it show the text, without Jinja2."""
        from softgrad.check.report import html  # slow to import, and for few

        try:
            return html.fragment(self)
        except MissingExtra:
            return None

    def to_text(self) -> str:
        """Return the report as text of at most 80 columns, the program below it if it is short."""
        return plain(content(self), short(self.snippet or ""))

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
        from softgrad.check.report import html

        page = html.page(self)
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data; numbers that are not finite are strings."""
        return as_data(self)

    def to_json(self) -> str:
        """Return the report as JSON; ``wrong`` lists the indices of the wrong entries."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_sarif(self, location: Any = None) -> str:
        """Return the report as a SARIF 2.1.0 log, which code hosts show beside the source.

        Parameters
        ----------
        location
            The checked function, or ``(path, line)``.
        """
        from softgrad.check.report import sarif

        return json.dumps(sarif.log([(self, location)]), ensure_ascii=False)
