"""The report in a terminal that knows colours: a panel of at most 80 columns, and the program."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from softgrad.check.report.content import content
from softgrad.check.report.text import WIDTH, lines, short
from softgrad.errors import MissingExtra

if TYPE_CHECKING:
    from softgrad.check.report.report import Report

__all__ = ["Shown"]

_COLOURS = {True: "green", False: "red", None: "yellow"}
_STYLES = {"header": "dim", "fact": "cyan", "note": "", "foot": "dim", "label": "", "more": ""}
_FRAME = 4
"""The columns that the panel's border and padding take."""


class Shown:
    """A report as a rich renderable, as wide as the console and at most 80 columns."""

    def __init__(self, report: "Report") -> None:
        self.report = report

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Yield a panel whose lines are wrapped already, so that rich wraps none again.

        Below it comes the program, if it is short, without a frame: it is there to be copied.
        """
        try:
            from rich.panel import Panel
            from rich.text import Text
        except ModuleNotFoundError:
            raise MissingExtra("a report in colours", "rich", "cli") from None
        width = min(WIDTH, options.max_width)
        told = content(self.report)
        program = short(told.program, options.max_width)
        colour = _COLOURS[self.report.ok]
        body = Text(no_wrap=True, overflow="ellipsis")
        for k, (role, text) in enumerate(lines(told, width - _FRAME, hint=not program)):
            body.append("\n" if k else "")
            label, colon, rest = text.partition(":") if role == "label" else ("", "", text)
            body.append(label + colon, style="bold")
            body.append(rest, style="bold" if role == "reason" else _STYLES.get(role, ""))
        title = Text(told.title, style=f"bold {colour}")
        yield Panel(body, title=title, title_align="left", border_style=colour, width=width)
        if program:
            yield Text(f"\n{program.rstrip()}", no_wrap=True)
