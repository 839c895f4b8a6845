"""The figures as text: in a terminal, and in the documents."""

from collections.abc import Iterable, Sequence
from typing import Any

from bench.kernels.accuracy import bound
from bench.kernels.cases import DRAWS, Case
from bench.kernels.claims import CLAIMS
from bench.kernels.exact import TRUTHS
from bench.kernels.processes import CONTENDERS, COPY, OURS, OURS_OUT, OURS_TUNED
from bench.kernels.speed import Timing
from bench.kernels.works import LATENCY, speed_cases
from bench.measuring.document import table

__all__ = ["accuracy", "one", "ratios", "speed"]

COPIED_FROM = 1 << 17
"""From how many bytes of logits on the copy's bandwidth means something."""

ORDER = [contender.name for contender in CONTENDERS]


def ratios(timing: Timing) -> dict[str, float]:
    """Return each peer's time by softgrad's: fresh results by fresh ones, given memory by given."""
    found = {}
    for name in timing.rounds:
        ours = OURS_OUT.name if name.endswith("out=") else OURS.name
        if name != COPY.name and "softgrad" not in name and ours in timing.rounds:
            found[name] = timing.ratio(name, ours)
    return found


def one(timing: Timing) -> str:
    """Return one line for a terminal, and why contenders are missing."""
    own = [name for name in timing.rounds if "softgrad" in name]
    parts = [f"{name} {_duration(timing.seconds(name))}{_percent(timing, name)}" for name in own]
    parts += [f"{name} {ratio:.3g} ×" for name, ratio in ratios(timing).items()]
    why = [f"    {name}: {reason}" for name, reason in timing.absent.items()]
    return "\n".join([f"{timing.case.label}:  " + "  ".join(parts), *why])


def speed(timings: Sequence[Timing], memory: dict[str, dict[str, Any]]) -> str:
    """Return the body of docs/speed.md."""
    timings = sorted(timings, key=_place)
    throughput = [t for t in timings if t.case.size > 640 or t.case.work != "softmax"]
    brief = [t for t in timings if t not in throughput]
    parts = ["## What was promised", _claims({t.case: t for t in timings})]
    for work in dict.fromkeys(t.case.work for t in throughput):
        some = [t for t in throughput if t.case.work == work]
        parts += [f"## {work.replace('_', ' ').capitalize()}", _times(some)]
    if brief:
        parts += ["## A handful of numbers", _latency(brief)]
    if memory:
        parts += ["## Memory beyond the input, and page faults, of one call", _memory(memory)]
    return "\n\n".join(parts)


def _place(timing: Timing) -> int:
    """Return where a case stands among all of them, or behind them."""
    places = [*speed_cases(), *LATENCY]
    return places.index(timing.case) if timing.case in places else len(places)


def _claims(timings: dict[Case, Timing]) -> str:
    rows: dict[tuple[str, ...], list[list[str]]] = {}
    for claim in CLAIMS:
        case = claim.case
        value = claim.measured(timings[case]) if case in timings else None
        verdict = "-" if value is None else "yes" if claim.holds(value) else "**no**"
        about = case.work, case.dtype, case.settings, claim.by, claim.beside, claim.promised
        rows.setdefault(about, []).append([case.size_label, claim.shown(value), verdict])
    head = ["work", "dtype", "", "who", "beside", "promised", "on", "measured", "kept"]
    return table(
        head,
        [
            [*about, *(", ".join(c) for c in zip(*some, strict=True))]
            for about, some in rows.items()
        ],
    )


def _times(timings: Sequence[Timing]) -> str:
    peers = _ordered(name for timing in timings for name in ratios(timing))
    own = [o.name for o in (OURS, OURS_TUNED, OURS_OUT) if any(o.name in t.rounds for t in timings)]
    head = ["", *(cell for name in own for cell in (name, "of copy")), *peers]
    rows = []
    for timing in timings:
        row, found = [timing.case.label.partition(", ")[2]], ratios(timing)
        for name in own:
            there = name in timing.rounds
            row += [_duration(timing.seconds(name)) if there else "-"]
            row += [_percent(timing, name).strip(" ()") or "-"]
        rows.append(row + [f"{found[peer]:.3g} ×" if peer in found else "-" for peer in peers])
    return table(head, rows)


def _latency(timings: Sequence[Timing]) -> str:
    names = [n for n in _ordered(n for t in timings for n in t.rounds) if n != COPY.name]
    rows = [
        [name, *(_duration(t.seconds(name)) if name in t.rounds else "-" for t in timings)]
        for name in names
    ]
    return table(["", *(timing.case.label for timing in timings)], rows)


def _memory(memory: dict[str, dict[str, Any]]) -> str:
    names = _ordered(name for found in memory.values() for name in found)

    def cell(found: dict[str, Any], name: str) -> str:
        if name not in found:
            return "-"
        size, faults = found[name]
        return f"{size / 1e6:,.0f} MB, {faults:,}"

    rows = [[name, *(cell(found, name) for found in memory.values())] for name in names]
    return table(["", *memory], rows)


def accuracy(entries: Sequence[dict[str, Any]]) -> str:
    """Return the body of docs/accuracy.md: the worst by distribution, and by length."""
    names = _ordered(name for entry in entries for name in entry["ulps"])
    parts = []
    for dtype in dict.fromkeys(entry["dtype"] for entry in entries):
        some = [entry for entry in entries if entry["dtype"] == dtype]
        parts.append(f"## {dtype}")
        for by, show in (("draw", str), ("n", lambda n: f"n = {n:,}")):
            parts.append(_worst(some, by, show, names))
    return "\n\n".join(parts)


def _worst(entries: Sequence[dict[str, Any]], by: str, show: Any, names: Sequence[str]) -> str:
    worst: dict[tuple[str, Any], dict[str, float]] = {}
    for entry in entries:
        row = worst.setdefault((entry["quantity"], entry[by]), {})
        for name, error in entry["ulps"].items():
            row[name] = max(row.get(name, 0.0), error)
    rows = []
    for (quantity, value), row in sorted(worst.items(), key=lambda item: _rank(*item[0])):
        most = bound(quantity, entries[0]["dtype"])
        cells = [_ulp(row.get(name), most if "softgrad" in name else None) for name in names]
        rows.append([f"{quantity}, {show(value)}", "-" if most is None else f"≤ {most}", *cells])
    return table(["largest error in ulp", "promised", *names], rows)


def _rank(quantity: str, value: str | int) -> tuple[int, int]:
    place = [*DRAWS].index(value) if isinstance(value, str) else value
    return [*TRUTHS].index(quantity), place


def _ulp(error: float | None, most: float | None) -> str:
    if error is None:
        return "-"
    text = f"{error:,.0f}" if error >= 100 else f"{error:.2f}"
    return f"**{text}**" if most is not None and error > most else text


def _ordered(names: Iterable[str]) -> list[str]:
    return sorted(set(names), key=ORDER.index)


def _percent(timing: Timing, name: str) -> str:
    there = name in timing.rounds and COPY.name in timing.rounds
    if not there or timing.case.bytes < COPIED_FROM:
        return ""
    return f" ({timing.of_copy(name):.0f} %)"


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"
