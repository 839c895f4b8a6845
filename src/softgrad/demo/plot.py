"""The curves of the demo, as one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from softgrad.demo.backwards import RIGHT, WRONG
from softgrad.demo.study import RATE, Study
from softgrad.demo.train import LOSSES, Loss
from softgrad.errors import ArgumentError, MissingExtra

__all__ = ["ensure_can_save", "save"]

# Okabe and Ito's palette: told apart with any colour vision; the dashes help in grey.
COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7")
DASHES: Sequence[str | tuple[int, tuple[int, ...]]] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (5, 1, 1, 1, 1, 1)),
    (0, (8, 2)),
)


def ensure_can_save(path: Path) -> None:
    """Raise before the training rather than after it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ModuleNotFoundError:
        raise MissingExtra("softgrad demo", "matplotlib", "demo") from None
    kinds = sorted(FigureCanvasAgg.get_supported_filetypes())
    if path.suffix[1:].lower() not in kinds:
        raise ArgumentError(f"output must end in one of .{', .'.join(kinds)}; got {path}")
    if not path.parent.is_dir():
        raise ArgumentError(f"output must lie in a folder that exists; got {path}")


def save(study: Study, path: Path) -> None:
    """Draw test accuracy against epochs, one panel per loss, and save it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(LOSSES), sharey=True)
    for panel, loss in zip(panels, LOSSES, strict=True):
        _draw(panel, study, loss)
    panels[0].set_ylabel("test accuracy, %")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
    figure.suptitle(
        f"One network, one learning rate ({RATE:g}), six backward passes of softmax "
        "(mean and range of the runs)"
    )
    figure.savefig(path, dpi=120)


def _draw(panel: Any, study: Study, loss: Loss) -> None:
    epochs = np.arange(1, study.epochs + 1)
    guessing = []
    for backward, colour, dash in zip((RIGHT, *WRONG), COLOURS, DASHES, strict=True):
        accuracy = 100 * study.at_rate(loss, backward).accuracy
        low, high, mean = accuracy.min(axis=0), accuracy.max(axis=0), accuracy.mean(axis=0)
        panel.fill_between(epochs, low, high, color=colour, alpha=0.15, linewidth=0)
        width = 2.5 if backward is RIGHT else 1.8
        panel.plot(epochs, mean, linestyle=dash, color=colour, lw=width, label=backward.name)
        if mean[-1] < 100 * study.chance + 2:
            guessing.append(backward.name)
    panel.axhline(100 * study.chance, color="0.6", lw=0.8)
    # The lines of several bugs lie on top of each other there.
    panel.annotate(
        ": ".join(["guessing", *([", ".join(guessing)] if guessing else [])]),
        (1, 100 * study.chance),
        (-2, -12),
        textcoords="offset points",
        xycoords=("axes fraction", "data"),
        ha="right",
        color="0.3",
        fontsize=9,
    )
    panel.set(title=f"loss: {loss.name}", xlabel="epoch", ylim=(0, 100))
    panel.set_xlim(1, max(study.epochs, 2))
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(alpha=0.25)
