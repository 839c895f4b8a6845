"""The answer of a check."""

import html
import json
import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softgrad.check.report.finding import Entry, Finding, Picture
from softgrad.check.report.vocabulary import BUGS

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
    pictures: tuple[Picture, ...] = ()
    snippet: str | None = None
    kinks: int = 0
    evaluations: Tally = field(default_factory=Tally)
    seed: int = 0

    @property
    def explanation(self) -> str:
        """What is wrong, the right formula, and how to fix it."""
        lines = [self.reason]
        if self.bug is not None:
            bug = BUGS[self.bug]
            lines += [
                f"What: {bug.meaning}.",
                f"Right: {self.formula or bug.formula}",
                f"Fix: {self.fix or bug.fix}",
            ]
        if self.trigger:
            lines.insert(1, f"When: {self.trigger}.")
        return "\n".join(lines)

    @property
    def verdict(self) -> str:
        """The answer in one word."""
        return {True: "right", False: "wrong", None: "undecided"}[self.ok]

    def __bool__(self) -> bool:
        """Return whether the derivative was found right."""
        return self.ok is True

    def __str__(self) -> str:
        """Return the report as text of at most 80 columns."""
        head = f"gradient: {self.verdict.upper()}"
        lines = [head + (f" ({self.bug})" if self.bug else "")]
        lines += _wrapped(self.explanation.splitlines(), "  ")
        lines += _wrapped([f"· {fact}" for fact in self.evidence], "  ")
        lines += _wrapped(self._where(), "  ")
        if self.kinks:
            lines += _wrapped(
                [f"{self.kinks} entries lie at a kink; any slope between is right."], "  "
            )
        spent = f"{self.evaluations.forward} forward, {self.evaluations.backward} backward"
        return "\n".join([*lines, f"  {spent}; seed {self.seed}"])

    def _where(self) -> list[str]:
        lines = []
        for name, mask in (self.wrong or {}).items():
            if mask.any():
                places = [str(tuple(map(int, index))) for index in np.argwhere(mask)[:4]]
                more = ", …" if mask.sum() > 4 else ""
                share = f"{int(mask.sum())} of {mask.size} entries wrong"
                lines.append(
                    f"{name}: {share}" + (f": {', '.join(places)}{more}" if mask.ndim else "")
                )
            else:
                lines.append(f"{name}: right")
        return lines

    def __rich__(self) -> Any:
        """Return the report as a rich renderable."""
        from rich.panel import Panel
        from rich.text import Text

        colour = {True: "green", False: "red", None: "yellow"}[self.ok]
        head, _, body = str(self).partition("\n")
        return Panel(Text(body), title=Text(head, style=f"bold {colour}"), width=80)

    def _repr_html_(self) -> str:
        colour = {True: "#1a7f37", False: "#cf222e", None: "#9a6700"}[self.ok]
        head, _, body = str(self).partition("\n")
        return (
            f'<div style="border-left:4px solid {colour};padding-left:1em">'
            f'<b style="color:{colour}">{html.escape(head)}</b>'
            f'<pre style="white-space:pre-wrap">{html.escape(body)}</pre></div>'
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        wrong = None
        if self.wrong is not None:
            wrong = {name: np.argwhere(mask).tolist() for name, mask in self.wrong.items()}
        return {
            "ok": self.ok,
            "reason": self.reason,
            "bug": self.bug,
            "family": BUGS[self.bug].family if self.bug else None,
            "wrong": wrong,
            "explanation": self.explanation,
            "evidence": list(self.evidence),
            "trigger": self.trigger,
            "kinks": self.kinks,
            "evaluations": {
                "forward": self.evaluations.forward,
                "backward": self.evaluations.backward,
            },
            "seed": self.seed,
        }

    def to_json(self) -> str:
        """Return the report as JSON; ``wrong`` lists the indices of the wrong entries."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def _wrapped(lines: list[str], indent: str) -> list[str]:
    wrapped: list[str] = []
    for line in lines:
        wrapped += textwrap.wrap(
            line, 79, initial_indent=indent, subsequent_indent=indent + "  "
        ) or [""]
    return wrapped
