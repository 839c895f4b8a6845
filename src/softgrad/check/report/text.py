"""The report as lines of text, each with the role that it plays."""

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from softgrad.check.report.content import COLUMNS, Content, Row

__all__ = ["WIDTH", "Line", "lines", "plain", "short"]

WIDTH = 80
_MOST_LINES = 64
"""The longest program that is printed with a report."""
_HINT = (
    "A program that shows this without softgrad: report.snippet, pytest -v, or softgrad check "
    "--snippet FILE."
)
_INDENT = "  "
_LONGEST = 16
"""The most columns that an input's name takes in the table."""


class Line(NamedTuple):
    """One line and its role: reason, label, header, entry, fact, note or foot."""

    role: str
    text: str


def plain(content: Content, program: str = "") -> str:
    """Return the report as text of at most 80 columns, the program below it if that is given."""
    inside = lines(content, WIDTH - len(_INDENT), hint=not program)
    body = [_INDENT + line.text for line in inside]
    return "\n".join([content.title, *body, *(["", program.rstrip()] if program else [])])


def short(program: str, width: int = WIDTH) -> str:
    """Return the program if it can be read and copied at ``width`` columns, else nothing."""
    each = program.splitlines()
    fits = len(each) <= _MOST_LINES and max(map(len, each), default=0) <= width
    return program if fits else ""


def lines(content: Content, width: int, *, hint: bool = True) -> Iterator[Line]:
    """Yield everything below the title, wrapped to ``width`` columns.

    With ``hint``, it is told where the program is, if there is one.
    """
    yield from _wrapped("reason", content.reason, width)
    for label, said in content.points:
        yield from _wrapped("label", f"{label}: {said}", width)
    if content.rows:
        yield from _table(content.rows, width)
    if content.more:
        yield Line("entry", f"… and {content.more:,} more")
    for fact in content.facts:
        yield from _wrapped("fact", f"· {fact}", width)
    for note in (*content.notes, *([_HINT] if hint and content.program else [])):
        yield from _wrapped("note", note, width)
    yield from _wrapped("foot", content.foot, width)


def _wrapped(role: str, text: str, width: int) -> Iterator[Line]:
    """Wrap one paragraph; what continues it is indented and has its own role."""
    first, *rest = textwrap.wrap(text, width, subsequent_indent=_INDENT) or [""]
    yield Line(role, first)
    for each in rest:
        yield Line("more" if role == "label" else role, each)


def _table(rows: tuple[Row, ...], width: int) -> Iterator[Line]:
    """Align the columns: names to the left, numbers to the right."""
    cut = [(_cut(name, _LONGEST), *rest) for name, *rest in rows]
    sizes = [max(map(len, column)) for column in zip(COLUMNS, *cut, strict=True)]
    for role, row in (("header", COLUMNS), *(("entry", row) for row in cut)):
        cells = [text.ljust(size) for text, size in zip(row[:2], sizes[:2], strict=True)]
        cells += [text.rjust(size) for text, size in zip(row[2:], sizes[2:], strict=True)]
        yield Line(role, _cut("  ".join(cells), width))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
