"""The report in a terminal that knows colours: a panel of at most 80 columns, and the program."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from softgrad.check.report.content import content
from softgrad.check.report.text import WIDTH, Line, lines, short
from softgrad.errors import MissingExtra

if TYPE_CHECKING:
    from softgrad.check.report.report import Report

__all__ = ["FRAME", "Shown", "panel"]

FRAME = 4
"""The columns that the panel's border and padding take."""

_COLOURS = {True: "green", False: "red", None: "yellow"}
_STYLES = {
    "reason": "bold",
    "header": "dim",
    "fact": "cyan",
    "foot": "dim",
    "wrong": "red",
    "undecided": "yellow",
}


class Shown:
    """A report as a rich renderable, as wide as the console and at most 80 columns."""

    def __init__(self, report: "Report") -> None:
        self.report = report

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Yield a panel whose lines are wrapped already, so that rich wraps none again.

        Below it comes the program, if it is short, without a frame: it is there to be copied.
        """
        width = min(WIDTH, options.max_width)
        told = content(self.report)
        program = short(told.program, options.max_width)
        body = lines(told, width - FRAME, hint=not program)
        yield panel(told.title, self.report.ok, body, width)
        if program:
            from rich.text import Text

            yield Text(f"\n{program.rstrip()}", no_wrap=True)


def panel(title: str, ok: bool | None, body: Iterable[Line], width: int) -> Any:
    """Return a panel in the verdict's colour, around lines of at most ``width - FRAME`` columns."""
    try:
        from rich.panel import Panel
        from rich.text import Text
    except ModuleNotFoundError:
        raise MissingExtra("a report in colours", "rich", "cli") from None
    told = Text(no_wrap=True, overflow="ellipsis")
    for k, (role, text) in enumerate(body):
        told.append("\n" if k else "")
        label, colon, rest = text.partition(":") if role == "label" else ("", "", text)
        told.append(label + colon, style="bold")
        told.append(rest, style=_STYLES.get(role, ""))
    heading = Text(title, style=f"bold {_COLOURS[ok]}")
    return Panel(told, title=heading, title_align="left", border_style=_COLOURS[ok], width=width)
