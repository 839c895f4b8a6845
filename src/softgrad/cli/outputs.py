"""Where the report of ``softgrad check`` goes."""

import json as encoder
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from softgrad.check import Report
from softgrad.errors import ArgumentError, MissingExtra

__all__ = ["Outputs", "ready"]


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

    def give(self, report: Report, target: str, place: Any) -> None:
        """Write the files and print the report; what was written is told on stderr."""
        self._write(report, place)
        if self.json:
            print(encoder.dumps({"target": target, **report.to_dict()}, ensure_ascii=False))
        elif sys.stdout.isatty():
            from rich.console import Console

            Console(highlight=False).print(report)
        else:
            print(report.to_text())

    def _write(self, report: Report, place: Any) -> None:
        if self.html:
            report.to_html(self.html)
        if self.sarif:
            self.sarif.write_text(report.to_sarif(place), encoding="utf-8")
        if self.snippet and report.snippet:
            self.snippet.write_text(report.snippet, encoding="utf-8")
        for path in (self.html, self.sarif, self.snippet if report.snippet else None):
            if path:
                print(f"softgrad: wrote {path}", file=sys.stderr)
        if self.snippet and not report.snippet:
            why = "the gradient is not wrong" if report.ok is not False else "none could be made"
            print(f"softgrad: no program was written to {self.snippet}: {why}", file=sys.stderr)
