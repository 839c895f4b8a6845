"""How many of 100,000 right derivatives softgrad's checker calls wrong.

Run ``python bench/false_alarms.py``; it needs torch, JAX and ml_dtypes. Each check is of a member
of the family with options, precision, shape, memory layout, library and seed drawn at random; most
look at the drawn point only, every ``--battery``-th goes through the whole battery. Every alarm is
printed with the command that repeats it. What has been measured is kept in ``--results``, and not
measured again while the checker is the same.
"""

import argparse
import hashlib
import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

from measuring.document import ROOT, environment, rewrite, table
from measuring.draws import FLOATS, LIBRARIES, draw

CHUNK = 100

Alarm = tuple[int, str, str]
Chunk = dict[str, Any]


def prepare() -> None:
    """Let JAX have float64, and every library one thread."""
    import jax
    import torch

    jax.config.update("jax_enable_x64", True)
    torch.set_num_threads(1)


def whole(number: int, battery: int) -> bool:
    """Return whether a draw goes through the battery."""
    return bool(battery) and number % battery == 0


def run(first: int, count: int, seed: int, battery: int) -> Chunk:
    """Check some draws; count verdicts by library and precision, and keep the alarms."""
    prepare()
    import jax

    counts: Counter = Counter()
    alarms: list[Alarm] = []
    jax.clear_caches()  # every function is compiled for every shape: gigabytes by the end
    start = perf_counter()
    for number in range(first, first + count):
        drawn = draw(number, seed)
        report = drawn.check(battery=whole(number, battery))
        _, library, dtype, *_ = drawn.label.split(" ")
        counts[f"{library} {dtype} {report.verdict}"] += 1
        counts["battery"] += whole(number, battery)
        counts["kinks"] += report.kinks > 0
        if report.ok is False:
            alarms.append((number, drawn.label, f"{report.bug}: {report.reason}"))
        elif report.ok is None:
            alarms.append((number, drawn.label, f"undecided: {report.reason}"))
    return {"counts": counts, "alarms": alarms, "seconds": perf_counter() - start}


def sources() -> str:
    """Return a digest of the checker's sources."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "src" / "softgrad" / "check").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def told(chunks: list[Chunk], seed: int) -> str:
    """Return the result as text."""
    counts: Counter = Counter()
    for chunk in chunks:
        counts.update(chunk["counts"])
    alarms = sorted(tuple(alarm) for chunk in chunks for alarm in chunk["alarms"])
    checks = sum(chunk["count"] for chunk in chunks)
    seconds = sum(chunk["seconds"] for chunk in chunks)
    wrong = [a for a in alarms if not a[2].startswith("undecided")]
    rows = [
        [
            dtype,
            *(f"{_sum(counts, library, dtype):,}" for library in LIBRARIES),
            f"{sum(counts[f'{library} {dtype} wrong'] for library in LIBRARIES):,}",
            f"{sum(counts[f'{library} {dtype} undecided'] for library in LIBRARIES):,}",
        ]
        for dtype in FLOATS
    ]
    head = ["checks", *LIBRARIES, "false alarms", "undecided"]
    told = (
        f"**{len(wrong):,} false alarms in {checks:,} checks** of right derivatives; "
        f"{counts['battery']:,} of them with the battery; {counts['kinks']:,} met a kink; "
        f"{seconds / max(checks, 1) * 1e3:.0f} ms each."
    )
    lines = [f"- `{repeat(number, seed)}`: {label}: {why}" for number, label, why in wrong]
    return "\n\n".join([told, table(head, rows), "\n".join(lines)])


def _sum(counts: Counter, library: str, dtype: str) -> int:
    return sum(counts[f"{library} {dtype} {told}"] for told in ("right", "wrong", "undecided"))


def repeat(number: int, seed: int) -> str:
    """Return the command that repeats one check."""
    return f"python bench/false_alarms.py --seed {seed} --only {number}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checks", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--battery", type=int, default=20, help="one in how many; 0 for none")
    parser.add_argument("--only", type=int, help="one draw by its number, its report printed")
    parser.add_argument("--no-document", action="store_true")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "false_alarms.jsonl")
    args = parser.parse_args()
    versions = environment("torch", "jax", "ml_dtypes")
    print(versions, flush=True)
    if args.only is not None:
        prepare()
        drawn = draw(args.only, args.seed)
        print(drawn.label, drawn.inputs, drawn.check(battery=whole(args.only, args.battery)))
        return
    body = told(measured(args, {"sources": sources(), "versions": versions}), args.seed)
    print(body)
    if not args.no_document:
        rewrite("false_alarms", body, versions)


def measured(args: argparse.Namespace, about: dict[str, str]) -> list[Chunk]:
    """Return what was asked for in chunks, those known already and those measured now."""
    last = args.first + args.checks
    asked = [
        {**about, "seed": args.seed, "battery": args.battery}
        | {"first": first, "count": min(CHUNK, last - first)}
        for first in range(args.first, last, CHUNK)
    ]
    args.results.parent.mkdir(parents=True, exist_ok=True)
    args.results.touch()
    kept = [json.loads(line) for line in args.results.read_text(encoding="utf-8").splitlines()]
    chunks = [chunk for chunk in kept if {k: chunk[k] for k in asked[0]} in asked]
    known = {chunk["first"] for chunk in chunks}
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as workers:
        work = {
            workers.submit(run, each["first"], each["count"], args.seed, args.battery): each
            for each in asked
            if each["first"] not in known
        }
        for done in as_completed(work):
            chunks.append(work[done] | done.result())
            with args.results.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(chunks[-1]) + "\n")
            for number, label, why in chunks[-1]["alarms"]:
                print(f"{repeat(number, args.seed)}\n  {label}\n  {why}", flush=True)
            print(f"{sum(chunk['count'] for chunk in chunks):,} checks", flush=True)
    return chunks


if __name__ == "__main__":
    main()
