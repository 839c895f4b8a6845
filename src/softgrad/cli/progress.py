"""A progress bar for checks that take long, on a terminal only."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress"]

PATIENCE = 1.0
"""Seconds before a bar is shown: what is over sooner needs none."""


@contextmanager
def progress() -> Iterator[Callable[[int, int | None, str], None] | None]:
    """Yield what a check calls with (done, total, what); ``None`` where no one is watching."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description:<22}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr, width=None),
        transient=True,
    )
    task, start = bar.add_task("", total=None), time.monotonic()

    def told(done: int, total: int | None, what: str) -> None:
        bar.update(task, completed=done, total=total, description=what[:22])
        if not bar.live.is_started and time.monotonic() - start > PATIENCE:
            bar.start()

    try:
        yield told
    finally:
        bar.stop()
