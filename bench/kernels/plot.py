"""How many times as long each peer takes, drawn into docs/speed.svg."""

from collections.abc import Sequence

from bench.kernels.claims import ANY, TUNED
from bench.kernels.processes import OURS
from bench.kernels.speed import Timing
from bench.measuring.document import ROOT

__all__ = ["plot"]

SHOWN = [name for name in (*ANY, *TUNED) if "by hand" not in name]


def plot(timings: Sequence[Timing]) -> None:
    """Draw one panel per work in float32 along the last axis with one thread."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "softgrad"  # the same figures give the same file
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    plain = [t for t in timings if t.case.dtype == "float32" and OURS.name in t.rounds]
    plain = [t for t in plain if t.case.axis == -1 and t.case.threads == 1]
    works = list(dict.fromkeys(t.case.work for t in plain))
    if not works:
        return
    rows = (len(works) + 1) // 2
    figure, panels = plt.subplots(rows, 2, figsize=(11, 3.2 * rows), squeeze=False)
    for panel in panels.flat[len(works) :]:
        panel.set_visible(False)
    for panel, work in zip(panels.flat, works, strict=False):
        some = sorted((t for t in plain if t.case.work == work), key=lambda t: t.case.size)
        for k, name in enumerate(SHOWN):
            there = [(i, t.ratio(name, OURS.name)) for i, t in enumerate(some) if name in t.rounds]
            if there:
                style = {"marker": "o", "color": f"C{k}", "label": name}
                panel.plot(*zip(*there, strict=True), linestyle=":", **style)
        panel.axhline(1, color="black", linewidth=1)
        panel.set_yscale("log")
        low, high = panel.get_ylim()
        panel.set_ylim(min(low, 0.5), max(high, 2))
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.set_title(work.replace("_", " "))
        panel.set_xticks(range(len(some)), ["×".join(map(str, t.case.shape)) for t in some])
        panel.tick_params("x", labelsize=7)
        panel.grid(axis="y", alpha=0.3)
    labels = {}
    for panel in panels.flat:
        handles, names = panel.get_legend_handles_labels()
        labels |= dict(zip(names, handles, strict=True))
    figure.legend(labels.values(), labels.keys(), loc="upper center", ncols=9, fontsize=8)
    figure.supylabel("time of the peer / time of softgrad")
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.1 / rows))
    figure.savefig(ROOT / "docs" / "speed.svg", metadata={"Date": None})
    plt.close(figure)
