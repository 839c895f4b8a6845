"""Where the report of ``softgrad check`` or ``softgrad audit`` goes."""

import json as encoder
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from softgrad.audit import AuditReport
from softgrad.check import Report
from softgrad.errors import ArgumentError, MissingExtra

__all__ = ["CODES", "Outputs", "ready"]

CODES = {True: 0, False: 1, None: 3}
"""The exit code by what a report says."""


def ready(html: Path | None, *others: Path | None) -> None:
    """Refuse files that could not be written.

    Raises
    ------
    ArgumentError, MissingExtra
    """
    for path in filter(None, (html, *others)):
        if not path.parent.is_dir():
            raise ArgumentError(f"there is no folder {path.parent} to write {path.name} into")
    if html and find_spec("jinja2") is None:
        raise MissingExtra("--html", "Jinja2", "report")


@dataclass(frozen=True)
class Outputs:
    """The forms in which the report is wanted.

    Parameters
    ----------
    json
        Whether to print it as JSON.
    html, sarif, snippet
        Files to write.
    """

    json: bool = False
    html: Path | None = None
    sarif: Path | None = None
    snippet: Path | None = None

    def ready(self) -> None:
        """Refuse a file that could not be written, before the check takes its time.

        Raises
        ------
        ArgumentError, MissingExtra
        """
        ready(self.html, self.sarif, self.snippet)

    def give(self, report: Report | AuditReport, target: str, *place: Any) -> None:
        """Write the files and print the report; what was written is told on stderr.

        ``place`` is where the checked function is written; an audit knows that itself.
        """
        if self.html:
            report.to_html(self.html)
        if self.sarif:
            self.sarif.write_text(report.to_sarif(*place), encoding="utf-8")
        for path in filter(None, (self.html, self.sarif)):
            print(f"softgrad: wrote {path}", file=sys.stderr)
        if self.snippet and isinstance(report, Report):
            self._write_snippet(self.snippet, report)
        if self.json:
            print(encoder.dumps({"target": target, **report.to_dict()}, ensure_ascii=False))
        elif sys.stdout.isatty():
            from rich.console import Console

            Console(highlight=False).print(report)
        else:
            print(report.to_text())

    def _write_snippet(self, path: Path, report: Report) -> None:
        if report.snippet:
            path.write_text(report.snippet, encoding="utf-8")
            print(f"softgrad: wrote {path}", file=sys.stderr)
        else:
            why = "the gradient is not wrong" if report.ok is not False else "none could be made"
            print(f"softgrad: no program was written to {path}: {why}", file=sys.stderr)
