"""An audit's report in a terminal that knows colours: a panel of at most 80 columns."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from softgrad.audit.report.text import title, told
from softgrad.check.report.terminal import FRAME, panel
from softgrad.check.report.text import WIDTH

if TYPE_CHECKING:
    from softgrad.audit.report.report import AuditReport

__all__ = ["Shown"]


class Shown:
    """An audit's report as a rich renderable, as wide as the console and at most 80 columns."""

    def __init__(self, report: "AuditReport") -> None:
        self.report = report

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Yield a panel whose lines are wrapped already, so that rich wraps none again."""
        width = min(WIDTH, options.max_width)
        yield panel(title(self.report), self.report.ok, told(self.report, width - FRAME), width)
