"""Figures go into ``docs/`` between markers, with the command and the versions they came from."""

import platform
import shlex
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from os import cpu_count
from pathlib import Path

__all__ = ["ROOT", "command", "environment", "rewrite", "table"]

ROOT = Path(__file__).resolve().parents[2]


def environment(*packages: str) -> str:
    """Return one line that says what ran: Python, packages, machine."""
    found = [f"Python {platform.python_version()}"]
    for name in ("numpy", *packages):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return ", ".join([*found, f"{platform.system()} {platform.machine()}, {cpu_count()} cores"])


def command() -> str:
    """Return the command line of this run, as it is typed at the root of the project."""
    name = Path(sys.argv[0]).name
    started = ["-m", "bench"] if name == "__main__.py" else [f"bench/{name}"]
    return shlex.join(["python", *started, *sys.argv[1:]])


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table, its columns padded so that it reads well as text too."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(head))]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def rewrite(
    name: str, body: str, versions: str, commands: str | None = None, part: str = "measured"
) -> Path:
    """Put ``body`` between the markers of ``docs/name.md``; what stands around them stays.

    Above it stands this run's command line, or the ones that are given. A document that several
    scripts write has markers of its own for each ``part``.
    """
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    path = ROOT / "docs" / f"{name}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else f"# {name}\n"
    if begin not in text:
        text = f"{text}\n{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    measured = f"{begin}\n\n`{commands or command()}`\n\n{versions}\n\n{body.strip()}\n\n{end}"
    path.write_text(before + measured + after, encoding="utf-8")
    return path
