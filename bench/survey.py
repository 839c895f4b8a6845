"""The survey of every library that is installed, each failing program run, into docs/survey.md.

Libraries that do not live in one environment are surveyed by several interpreters, one after the
other: ``python bench/survey.py --python python --python tf/bin/python``.
"""

import argparse
import contextlib
import io
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring.document import ROOT, environment, rewrite, table

import softgrad
from softgrad.cli.progress import progress
from softgrad.survey.library import ORDERS
from softgrad.survey.report.content import Finding, findings, rows, summary


def printed(program: str) -> list[float]:
    """Run a program and return the numbers that it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "<snippet>", "exec"), {"__name__": "snippet"})
    return [float(line.split()[-1]) for line in out.getvalue().splitlines()]


def reproduced(finding: Finding) -> bool:
    """Return whether the finding's program shows what the survey says."""
    worst = finding.worst
    try:
        claimed, true = printed(finding.shown.snippet)
    except Exception as error:
        return worst.verdict == "raises" and worst.message.startswith(type(error).__name__)
    pairs = ((claimed, worst.claimed), (true, worst.true))
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)


def told(finding: Finding) -> list[str]:
    """Return a row of the table."""
    where = ", ".join(filter(None, [finding.shown.dtype, finding.worst.where]))
    return [
        f"`{finding.shown.api}`",
        finding.shown.order,
        finding.verdict,
        ", ".join(finding.dtypes),
        f"{finding.numbers.replace('|', '/')} ({where})",
        ", ".join(finding.rows),
        ", ".join(option for option in finding.options if option) or "",
    ]


def parts(report: softgrad.SurveyReport) -> Iterator[str]:
    """Yield the text of each library."""
    found = findings(report)
    for library, version in report.versions.items():
        own = [finding for finding in found if finding.shown.library == library]
        shown = [finding for finding in own if reproduced(finding)]
        for finding in own:
            if finding not in shown:
                print(f"not reproduced: {finding.shown.snippet}", file=sys.stderr)
        matrix = [
            [f"`{row.api}`", row.member, *(row.glyphs(order) for order in ORDERS)]
            for row in rows(report, library)
        ]
        text = f"## {library} {version}\n\n{table(['call', 'member', *ORDERS], matrix)}"
        if shown:
            head = ["call", "order", "verdict", "dtypes", "example", "rows", "options"]
            text += f"\n\n{table(head, map(told, shown))}"
        text += f"\n\n{len(shown)} of {len(own)} findings shown by their own programs."
        yield text


def here(path: Path, libraries: list[str] | None) -> None:
    """Survey what this interpreter has."""
    with progress() as told:
        report = softgrad.survey(libraries, progress=told)
    found = {
        "summary": f"{', '.join(report.versions)}: {summary(report)}",
        "environment": environment(),
        "parts": [*parts(report)],
    }
    path.write_text(json.dumps(found), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", help="an interpreter; this one by default")
    parser.add_argument("--library", action="append", help="only these")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.into:
        here(args.into, args.library)
        return
    collected = []
    only = [part for name in args.library or [] for part in ("--library", name)]
    for python in args.python or [sys.executable]:
        with tempfile.TemporaryDirectory() as folder:
            into = Path(folder) / "found.json"
            line = [python, __file__, "--into", str(into), *only]
            subprocess.run(line, cwd=ROOT, check=True)
            collected.append(json.loads(into.read_text(encoding="utf-8")))
    body = "\n\n".join(
        ["\n".join(f"- {found['summary']}." for found in collected)]
        + [part for found in collected for part in found["parts"]]
    )
    print(body)
    if not args.library:
        versions = "; ".join(dict.fromkeys(found["environment"] for found in collected))
        rewrite("survey", body, versions, "python bench/survey.py")


if __name__ == "__main__":
    main()
