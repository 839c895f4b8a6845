"""A survey's report in a terminal that knows colours."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from softgrad.errors import MissingExtra
from softgrad.survey.report.content import GLYPHS
from softgrad.survey.report.text import NAME, WIDTH, lines

if TYPE_CHECKING:
    from softgrad.survey.report.report import SurveyReport

__all__ = ["Shown"]

_COLOURS = {
    "ok": "green",
    "convention": "cyan",
    "inaccurate": "yellow",
    "raises": "magenta",
    "wrong": "bold red",
    "not offered": "dim",
}
_VERDICTS = {glyph: verdict for verdict, glyph in GLYPHS.items()}
_STYLES = {"title": "bold", "header": "bold", "legend": "dim", "more": "dim"} | _COLOURS


class Shown:
    """A report as a rich renderable, as wide as the console and at most 80 columns."""

    def __init__(self, report: "SurveyReport") -> None:
        self.report = report

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Yield the lines that the text has, coloured."""
        try:
            from rich.text import Text
        except ModuleNotFoundError:
            raise MissingExtra("a report in colours", "rich", "cli") from None
        for role, line in lines(self.report, min(WIDTH, options.max_width)):
            text = Text(line, style=_STYLES.get(role, ""), no_wrap=True, overflow="ellipsis")
            if role == "row":
                for at, letter in enumerate(line[NAME:], NAME):
                    text.stylize(_COLOURS.get(_VERDICTS.get(letter, ""), ""), at, at + 1)
            yield text
