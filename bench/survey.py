"""The survey of every library that is installed, each failing program run, into docs/survey.md.

Libraries that do not live in one environment are surveyed in several, with ``--into PART.json`` in
each, and put together with ``--parts PART.json PART.json``.
"""

import argparse
import contextlib
import io
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from measuring.document import environment, rewrite, table

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
        "; ".join(option for option in finding.options if option),
    ]


def parts(report: softgrad.SurveyReport) -> Iterator[str]:
    """Yield the text of each library."""
    found = findings(report)
    for library, version in report.versions.items():
        own = [finding for finding in found if finding.shown.library == library]
        shown = [finding for finding in own if reproduced(finding)]
        for finding in own:
            if finding not in shown:
                print(f"not shown:\n{finding.shown.snippet}", file=sys.stderr)
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


def here(libraries: list[str] | None) -> dict:
    """Survey what this interpreter has."""
    with progress() as told:
        report = softgrad.survey(libraries, progress=told)
    return {
        "summary": f"{', '.join(report.versions)}: {summary(report)}",
        "environment": environment(),
        "parts": [*parts(report)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", action="append", help="only these")
    parser.add_argument("--into", type=Path, help="keep what was found in this file, for --parts")
    parser.add_argument("--parts", type=Path, nargs="+", help="put these together, survey nothing")
    args = parser.parse_args()
    if args.parts:
        collected = [json.loads(path.read_text(encoding="utf-8")) for path in args.parts]
    else:
        collected = [here(args.library)]
    if args.into:
        args.into.write_text(json.dumps(collected[0]), encoding="utf-8")
        return
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
