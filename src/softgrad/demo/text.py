"""The demo in a terminal: a progress bar, a table, and a paragraph for each wrong one."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from softgrad.check import BUGS, Report
from softgrad.demo.backwards import RIGHT, WRONG
from softgrad.demo.study import RATE, RATES, RUNS, Runs, Study
from softgrad.demo.train import FLOOR, LOSSES, TEMPERATURE
from softgrad.demo.verdict import judge, summary
from softgrad.errors import MissingExtra

__all__ = ["Screen"]

WIDTH = 80
STYLES = {"cripples": "bold red", "slows": "bold yellow", "hides": "bold magenta"}


class Screen:
    """Where the demo prints; plain text unless it is a terminal."""

    def __init__(self, file: TextIO | None = None) -> None:
        try:
            from rich.console import Console
        except ModuleNotFoundError:
            raise MissingExtra("softgrad demo", "rich", "demo") from None
        self.console: Console = Console(file=file or sys.stdout, highlight=False, markup=False)
        self.console.width = min(self.console.width, WIDTH)

    def opening(self, epochs: int, seed: int) -> None:
        """Say what is about to be trained."""
        others = " and ".join(f"{rate:g}" for rate in RATES if rate != RATE)
        self.console.print(
            "Handwritten digits, a 64-32-10 network in plain NumPy whose last layer is "
            f"softmax(x / {TEMPERATURE:g}). Everything is equal but the backward pass of that "
            f"softmax. {epochs} epochs; learning rate {RATE:g} from {RUNS} seeds ({seed} to "
            f"{seed + RUNS - 1}), and {others} from one.\n"
        )

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[str], None]]:
        """Show a bar while training; yields what to call after each run."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        bar = Progress(
            TextColumn("{task.description:<16}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("runs"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        with bar:
            task = bar.add_task(RIGHT.name, total=total)
            yield lambda name: bar.update(task, advance=1, description=name)

    def stories(self, study: Study, reports: dict[str, Report]) -> None:
        """Print what each wrong one is, did, and is called by the checker."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        for backward in WRONG:
            self.console.print(Text.assemble((backward.name, "bold"), ": ", backward.story))
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_column(style="dim", no_wrap=True)
            grid.add_column()
            for loss in LOSSES:
                verdict = judge(study, loss, backward)
                kind = (verdict.kind, STYLES.get(verdict.kind, "dim"))
                grid.add_row(Text(loss.name), Text.assemble(kind, f": {verdict.sentence}"))
            report = reports[backward.name]
            found = (report.bug or report.verdict, "bold")
            grid.add_row("softgrad.check", Text.assemble(found, f": {_sentence(report)}."))
            self.console.print(Padding(grid, (0, 0, 0, 2), expand=False))
            self.console.print()

    def table(self, study: Study) -> None:
        """Print accuracy and loss of all, at the learning rate that suits the right one."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        self.console.print(
            f"After {study.epochs} epochs at learning rate {RATE:g}: mean test accuracy in %, "
            "(range of the runs), mean loss.",
        )
        table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False)
        table.add_column("backward pass", no_wrap=True)
        for loss in LOSSES:
            table.add_column(loss.name, justify="right", no_wrap=True)
            table.add_column("loss", justify="right", no_wrap=True, style="dim")
        for backward in (RIGHT, *WRONG):
            cells = [c for loss in LOSSES for c in _cells(study.at_rate(loss, backward))]
            table.add_row(backward.name, *cells, style="bold green" if backward is RIGHT else None)
        self.console.print(table)
        self.console.print(
            f"A p[y] below {FLOOR:g} counts as {FLOOR:g}, so -log p[y] is at most "
            f"{-math.log(FLOOR):.1f}. nan: the weights overflowed.",
            style="dim",
        )
        self.console.print()
        for line in summary(study):
            self.console.print(line, style="bold")

    def closing(self, path: str) -> None:
        """Say where the plot is."""
        self.console.print(f"\nThe curves are in {path}", soft_wrap=True)


def _cells(runs: Runs) -> tuple[str, str]:
    low, high = 100 * runs.final.min(), 100 * runs.final.max()
    return f"{100 * runs.final.mean():.1f} ({low:.1f}-{high:.1f})", f"{runs.loss[:, -1].mean():.3f}"


def _sentence(report: Report) -> str:
    said = BUGS[report.bug].meaning if report.bug else report.reason
    return " ".join(said.split()).removesuffix(".")
