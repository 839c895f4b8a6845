"""Wrong gradients of every member of the family: which checker catches them?

Run ``python bench/mutations.py``; it needs torch, JAX, SciPy, autograd and ml_dtypes. Every
structural edit of a member's declared Jacobian and every generic mistake is handed, as a NumPy
function with a backward pass, to softgrad's checker and to its peers with their defaults, at three
sizes in three precisions. What has been measured is kept in ``--results`` and not measured again.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from measuring.document import ROOT, environment, rewrite, table
from measuring.mistakes import Mistake, mistakes
from measuring.ours import CHECK, PROBE
from measuring.peers import PEERS, verdict
from measuring.problems import DTYPES, SIZES, Problem, Setting, settings

from softgrad.check.precision import epsilon

CHECKERS = (CHECK, PROBE, *PEERS)
CONTROL = "the right gradient"
COINCIDES, UNRESOLVED = "is the right gradient here", "below the precision"
ROUNDINGS = 16
"""A mistake that changes the gradient by fewer roundings than this is below the precision."""
KEPT_BYTES, FIELDS = 3e8, 8

Unit = tuple[str, int, str]
Record = dict[str, Any]


def remembered(forward: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Return ``forward`` with its values kept: the same points are asked for at every mistake."""
    known: dict[bytes, np.ndarray] = {}

    def call(x: np.ndarray) -> np.ndarray:
        key = x.tobytes()
        if key not in known:
            if len(known) * x.nbytes > KEPT_BYTES:
                known.clear()
            known[key] = forward(x)
        return known[key].copy()

    return call


def truth_of(setting: Setting) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the declared gradient in float64 at any point."""
    known: dict[bytes, Any] = {}

    def right(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        key = x.tobytes()
        if key not in known:
            if len(known) * x.nbytes * FIELDS > KEPT_BYTES:
                known.clear()
            known[key] = setting.at(x)
        return known[key].gradient(g.astype(np.float64))[setting.primary]

    return right


def excluded(mistake: Mistake, setting: Setting, dtype: str, right: Callable) -> str | None:
    """Return why a mistake is none at this point, if it is none."""
    if mistake.hidden:
        return None
    x = setting.point(dtype)
    backward = mistake.make(right)
    rng = np.random.default_rng(5)
    apart = 0.0
    for _ in range(3):
        g = rng.normal(size=setting.at(x).value.shape)
        true = right(g, x)
        found = np.asarray(backward(g, x), dtype=np.float64)
        if not np.isfinite(found).all():
            return None
        size = np.linalg.norm(true) or 1.0
        apart = max(apart, float(np.linalg.norm(found - true) / size))
    if apart < 1e-12:
        return COINCIDES
    return UNRESOLVED if apart < ROUNDINGS * epsilon(dtype) else None


def measure(unit: Unit, names: tuple[str, ...], known: set[str], seconds: float) -> list[Record]:
    """Return one record for each mistake and checker at one member, size and precision."""
    size, number, dtype = unit
    setting = [*settings(size)][number]
    x, right = setting.point(dtype), truth_of(setting)
    forward, backward = setting.forward(dtype), setting.backward(dtype)
    kept = remembered(forward)
    wide = setting.at(x)
    cast = DTYPES[dtype]
    claims: dict[str, tuple[Callable, Callable]] = {CONTROL: (forward, backward)}
    records: list[Record] = []
    with np.errstate(all="ignore"):
        for mistake in mistakes(setting, dtype):
            reason = excluded(mistake, setting, dtype, right)
            if reason is not None:
                records.append(_record(unit, setting, mistake.label, "", reason))
                continue

            def claim(make: Any = mistake.make) -> Callable:
                wrong = make(right)
                return lambda g, x: np.asarray(wrong(g, x)).astype(cast)

            claims[mistake.label] = kept, claim
        for (label, (function, claim)), checker in product(claims.items(), CHECKERS):
            record = _record(unit, setting, label, checker.name, "")
            if checker.name not in names or _key(record) in known:
                continue
            pull = claim if label == CONTROL else claim()
            problem = Problem(function, pull, x, lambda g: wide.gradient(g)[setting.primary])
            try:
                told, took = verdict(checker, problem, 0, most_seconds=seconds)
            except Exception as error:  # a peer that breaks is a result
                told, took = f"raises {type(error).__name__}", 0.0
            counts = {"forwards": problem.forwards, "backwards": problem.backwards}
            records.append({**record, "verdict": told, "seconds": took, **counts})
    return records


def _record(unit: Unit, setting: Setting, mistake: str, checker: str, told: str) -> Record:
    size, _, dtype = unit
    where = {"size": size, "dtype": dtype, "member": setting.name}
    return {**where, "mistake": mistake, "checker": checker, "verdict": told}


def _key(record: Record) -> str:
    return "|".join(record[k] for k in ("size", "dtype", "member", "mistake", "checker"))


# -- the table -------------------------------------------------------------------------------------


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
            count[r["verdict"], f"{r['size']} {r['dtype']}"].add(_key(r))
    parts = [f"{where} {what}: {len(keys)}" for (what, where), keys in sorted(count.items())]
    return "Left out: " + ("; ".join(parts) or "none") + "."


def units(args: argparse.Namespace) -> Iterator[Unit]:
    """Yield the members, sizes and precisions asked for."""
    for size, dtype in product(args.sizes, args.dtypes):
        for number, setting in enumerate(settings(size)):
            if not args.members or setting.function.name in args.members:
                yield size, number, dtype


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=[*SIZES])
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=[*DTYPES])
    parser.add_argument("--members", nargs="+", help="names of the family, all by default")
    names = [c.name for c in CHECKERS]
    parser.add_argument("--checkers", nargs="+", choices=names, default=names)
    parser.add_argument("--seconds", type=float, default=5.0, help="most seconds for one check")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "mutations.jsonl")
    args = parser.parse_args()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    lines = args.results.read_text().splitlines() if args.results.exists() else []
    records = [json.loads(line) for line in lines]
    known = {_key(r) for r in records}
    versions = environment("torch", "jax", "scipy", "autograd", "ml_dtypes")
    print(versions, flush=True)
    workers = ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn"))
    with workers, args.results.open("a", encoding="utf-8") as kept:
        work = {
            workers.submit(measure, unit, tuple(args.checkers), known, args.seconds): unit
            for unit in units(args)
        }
        for done in as_completed(work):
            fresh = [r for r in done.result() if _key(r) not in known]
            records += fresh
            kept.writelines(json.dumps(r) + "\n" for r in fresh)
            kept.flush()
            ours = [r for r in fresh if r["checker"] == CHECK.name and r["mistake"] != CONTROL]
            caught = sum(r["verdict"] == "wrong" for r in ours)
            print(*work[done], f"softgrad caught {caught} of {len(ours)}", flush=True)
    body = report(records)
    print(body)
    rewrite("mutations", body, versions)


if __name__ == "__main__":
    main()
