"""The answer of an audit."""

from dataclasses import dataclass

from softgrad.audit.place import Place
from softgrad.audit.report import text
from softgrad.check import Report

__all__ = ["AuditReport", "Finding", "Note"]


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
        """The user's line, ``file.py:42``."""
        return str(self.places[0]) if self.places else "?"

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
