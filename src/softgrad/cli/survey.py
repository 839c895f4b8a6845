"""``softgrad survey``: from the command line's words to a report and an exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path

from softgrad.cli.outputs import ready
from softgrad.cli.progress import progress
from softgrad.survey import survey

__all__ = ["run_survey"]


def run_survey(
    libraries: Sequence[str] | None,
    members: Sequence[str] | None,
    dtypes: Sequence[str] | None,
    *,
    options: bool,
    json: bool,
    html: Path | None,
) -> int:
    """Survey, give out the report, and return 0 where everything conforms and 1 elsewhere."""
    ready(html)
    with progress() as told:
        report = survey(libraries, members=members, dtypes=dtypes, options=options, progress=told)
    if html:
        report.to_html(html)
        print(f"softgrad: wrote {html}", file=sys.stderr)
    if json:
        print(report.to_json())
    elif sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(report)
    else:
        print(report)
    return 0 if report.ok else 1
