"""What a run of wrong gradients showed, as tables."""

from collections import defaultdict
from itertools import product
from statistics import median
from typing import Any

from measuring.document import table
from measuring.ours import CHECK, PROBE
from measuring.peers import PEERS
from measuring.problems import DTYPES, SIZES

__all__ = [
    "CHECKERS",
    "COINCIDES",
    "CONTROL",
    "ROUNDINGS",
    "UNRESOLVED",
    "Record",
    "key_of",
    "report",
]

Record = dict[str, Any]
CHECKERS = (CHECK, PROBE, *PEERS)
CONTROL = "the right gradient"
COINCIDES, UNRESOLVED = "is the right gradient here", "below the precision"
ROUNDINGS = 16
"""A mistake that changes the gradient by fewer roundings than this is below the precision."""


def key_of(record: Record) -> str:
    """Return what tells one record from all others."""
    return "|".join(record[k] for k in ("size", "dtype", "member", "mistake", "checker"))


def report(records: list[Record]) -> str:
    """Return the tables."""
    parts = [PREFACE.format(roundings=ROUNDINGS)]
    parts += [_caught(records), _costs(records), _missed(records), _left_out(records)]
    return "\n\n".join(part for part in parts if part)


PREFACE = """\
*Caught* is a wrong gradient that is called wrong by a checker that calls the right one of the same
member right; an alarm that always sounds counts as nothing. Left out are mistakes that happen to
be the right gradient of that member at that point, and those that change it by fewer than
{roundings} roundings of the precision."""


def _cells(records: list[Record]) -> dict[tuple[str, str, str], dict[str, Any]]:
    cells: dict[tuple[str, str, str], dict[str, Any]] = defaultdict(
        lambda: {"of": 0, "caught": 0, "controls": 0, "alarms": 0, "undecided": 0, "no": set()}
    )
    accepted = {
        (r["size"], r["dtype"], r["member"], r["checker"])
        for r in records
        if r["mistake"] == CONTROL and r["verdict"] == "right"
    }
    for r in records:
        if not r["checker"]:
            continue
        cell = cells[r["checker"], r["size"], r["dtype"]]
        if r["verdict"] not in ("right", "wrong", "undecided"):
            cell["no"].add(r["verdict"])
        elif r["mistake"] == CONTROL:
            cell["controls"] += 1
            cell["alarms"] += r["verdict"] == "wrong"
        else:
            cell["of"] += 1
            told = (r["size"], r["dtype"], r["member"], r["checker"]) in accepted
            cell["caught"] += r["verdict"] == "wrong" and told
            cell["undecided"] += r["verdict"] == "undecided"
    return cells


def _caught(records: list[Record]) -> str:
    cells = _cells(records)
    columns = [(s, d) for s in SIZES for d in DTYPES if any(k[1:] == (s, d) for k in cells)]
    rows = []
    for checker in CHECKERS:
        row = []
        for size, dtype in columns:
            cell = cells.get((checker.name, size, dtype))
            if cell is None or not cell["controls"]:
                row.append("—")
                continue
            alarms = f"; {cell['alarms']} of {cell['controls']}" if cell["alarms"] else ""
            row.append(f"{cell['caught']} of {cell['of']}{alarms}")
        rows.append([checker.name, *row])
    head = ["caught; false alarms", *(f"{s} {d}" for s, d in columns)]
    shapes = ", ".join(f"{k}: {' × '.join(f'{n:,}' for n in v)}" for k, v in SIZES.items())
    return f"Sizes are {shapes}.\n\n{table(head, rows)}"


def _costs(records: list[Record]) -> str:
    rows = []
    for checker, size in product(CHECKERS, SIZES):
        mine = [r for r in records if (r["checker"], r["size"]) == (checker.name, size)]
        mine = [r for r in mine if r["mistake"] == CONTROL]
        ran = [r for r in mine if r["seconds"]]
        counts = [
            f"{min(r[k] for r in ran)}–{max(r[k] for r in ran)}" if ran else "—"
            for k in ("forwards", "backwards")
        ]
        took = f"{median(r['seconds'] for r in ran) * 1e3:,.0f} ms" if ran else "—"
        why = ", ".join(sorted({r["verdict"] for r in mine} - {"right", "wrong", "undecided"})[:2])
        if mine:
            rows.append([checker.name, size, *counts, took, why])
    head = ["right gradients", "size", "forward runs", "backward runs", "median time", "not run"]
    return table(head, rows)


def _missed(records: list[Record]) -> str:
    ours = [r for r in records if r["checker"] == CHECK.name]
    lines = [
        f"- {r['verdict']}: {r['member']}, {r['size']} {r['dtype']}: {r['mistake']}"
        for r in ours
        if (r["verdict"] != "wrong") != (r["mistake"] == CONTROL and r["verdict"] == "right")
    ]
    return "softgrad's own misses and false alarms:\n\n" + ("\n".join(lines) or "- none")


def _left_out(records: list[Record]) -> str:
    count: dict[tuple[str, str], set[str]] = defaultdict(set)
    for r in records:
        if r["verdict"] in (COINCIDES, UNRESOLVED):
            count[r["verdict"], f"{r['size']} {r['dtype']}"].add(key_of(r))
    parts = [f"{where} {what}: {len(keys)}" for (what, where), keys in sorted(count.items())]
    return "Left out: " + ("; ".join(parts) or "none") + "."
