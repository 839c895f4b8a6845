"""Run the demo from beginning to end."""

from pathlib import Path
from typing import TextIO

from softgrad.demo.backwards import WRONG
from softgrad.demo.digits import load, single_threaded
from softgrad.demo.plot import ensure_can_save, save
from softgrad.demo.study import Study, ask_checker, study, total
from softgrad.demo.text import Screen
from softgrad.errors import ArgumentError

__all__ = ["demo"]


def demo(
    *, epochs: int = 20, seed: int = 0, output: str | Path = "demo.png", file: TextIO | None = None
) -> Study:
    """Train with the right and five wrong backward passes, and tell what happened.

    Parameters
    ----------
    epochs
        How often each network sees every training image.
    seed
        The seed of the first run; the others follow it.
    output
        Where to save the plot.
    file
        Where to print; by default the standard output.

    Raises
    ------
    ArgumentError
        If ``epochs`` or ``seed`` is out of range or ``output`` cannot be written there.
    MissingExtra
        If scikit-learn, matplotlib or rich is not installed.
    """
    path = Path(output)
    if epochs < 1:
        raise ArgumentError(f"epochs must be at least 1; got {epochs}")
    if seed < 0:
        raise ArgumentError(f"seed must be at least 0; got {seed}")
    screen = Screen(file)
    ensure_can_save(path)
    digits = load()
    reports = {backward.name: ask_checker(backward, seed) for backward in WRONG}
    screen.opening(epochs, seed)
    with single_threaded(), screen.progress(total()) as done:
        result = study(digits, epochs=epochs, seed=seed, done=done)
    screen.stories(result, reports)
    screen.table(result)
    save(result, path)
    screen.closing(str(path))
    return result
