"""How many of 100,000 right derivatives softgrad's checker calls wrong.

Run ``python bench/false_alarms.py``; it needs torch, JAX and ml_dtypes. Each check is of a member
of the family with options, precision, shape, memory layout, library and seed drawn at random; most
look at the drawn point only, every ``--battery``-th goes through the whole battery. Every alarm is
printed with the command that repeats it.
"""

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from time import perf_counter

from measuring.document import environment, rewrite, table
from measuring.draws import FLOATS, LIBRARIES, draw

CHUNK = 100

Alarm = tuple[int, str, str]


def prepare() -> None:
    """Let JAX have float64, and every library one thread."""
    import jax
    import torch

    jax.config.update("jax_enable_x64", True)
    torch.set_num_threads(1)


def whole(number: int, battery: int) -> bool:
    """Return whether a draw goes through the battery."""
    return bool(battery) and number % battery == 0


def run(first: int, count: int, seed: int, battery: int) -> tuple[Counter, list[Alarm]]:
    """Check some draws; count verdicts by precision and library, and keep the alarms."""
    prepare()
    import jax

    counts: Counter = Counter()
    alarms: list[Alarm] = []
    jax.clear_caches()  # every function is compiled for every shape: gigabytes by the end
    for number in range(first, first + count):
        drawn = draw(number, seed)
        report = drawn.check(battery=whole(number, battery))
        _, library, dtype, *_ = drawn.label.split(" ")
        counts[library, dtype, report.verdict] += 1
        counts["battery"] += whole(number, battery)
        counts["kinks"] += report.kinks > 0
        if report.ok is False:
            alarms.append((number, drawn.label, f"{report.bug}: {report.reason}"))
        elif report.ok is None:
            alarms.append((number, drawn.label, f"undecided: {report.reason}"))
    return counts, alarms


def told(counts: Counter, alarms: list[Alarm], seed: int, seconds: float) -> str:
    """Return the result as text."""
    checks = sum(n for key, n in counts.items() if isinstance(key, tuple))
    wrong = [a for a in alarms if not a[2].startswith("undecided")]
    rows = [
        [
            dtype,
            *(f"{_sum(counts, library, dtype):,}" for library in LIBRARIES),
            f"{sum(counts[library, dtype, 'wrong'] for library in LIBRARIES):,}",
            f"{sum(counts[library, dtype, 'undecided'] for library in LIBRARIES):,}",
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
    return sum(counts[library, dtype, verdict] for verdict in ("right", "wrong", "undecided"))


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
    args = parser.parse_args()
    versions = environment("torch", "jax", "ml_dtypes")
    print(versions, flush=True)
    if args.only is not None:
        prepare()
        drawn = draw(args.only, args.seed)
        print(drawn.label, drawn.inputs, drawn.check(battery=whole(args.only, args.battery)))
        return
    counts: Counter = Counter()
    alarms: list[Alarm] = []
    start, last = perf_counter(), 0
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as workers:
        work = [
            workers.submit(
                run, first, min(CHUNK, args.first + args.checks - first), args.seed, args.battery
            )
            for first in range(args.first, args.first + args.checks, CHUNK)
        ]
        for k, done in enumerate(as_completed(work), 1):
            some, found = done.result()
            counts += some
            alarms += found
            for number, label, why in found:
                print(f"{repeat(number, args.seed)}\n  {label}\n  {why}", flush=True)
            if k * CHUNK - last >= 2_000 or k == len(work):
                last = k * CHUNK
                wrong = sum(not a[2].startswith("undecided") for a in alarms)
                print(f"{last:,} checks, {wrong} false alarms", flush=True)
    body = told(counts, alarms, args.seed, perf_counter() - start)
    print(body)
    if not args.no_document:
        rewrite("false_alarms", body, versions)


if __name__ == "__main__":
    main()
