"""Derivatives that no one here wrote: torch.nn.functional, jax.nn, jax.numpy, jax.scipy.special.

Run ``python bench/library_sweep.py``; it needs torch and JAX. Every function goes through the whole
check, battery included, in float64 and float32; a second table holds functions at their kinks, a
third derivatives that differ from the function's on purpose. Anything called wrong is printed in
full and is either a defect of the library or a false alarm of ours.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import jax
import numpy as np
import torch
from measuring import jax_functions, torch_functions
from measuring.document import environment, rewrite, table

import softgrad
from softgrad.check import Report
from softgrad.check.battery.variants import ROWS

TABLES = {"torch": torch_functions, "jax": jax_functions}
DTYPES = ("float64", "float32")


def arrays(library: str, makers: tuple[Callable, ...], dtype: str, seed: int) -> tuple[Any, ...]:
    """Return the example's arrays; integers stay integers."""
    made = [np.asarray(make(np.random.default_rng([seed, k]))) for k, make in enumerate(makers)]
    made = [a.astype(dtype) if a.dtype.kind == "f" else a for a in made]
    return tuple(torch.tensor(a) if library == "torch" else jax.numpy.asarray(a) for a in made)


def chosen(kind: str, only: list[str]) -> Iterator[tuple[str, str, tuple]]:
    """Yield library, name and entry of one kind of table."""
    for library, module in TABLES.items():
        for name, entry in getattr(module, kind).items():
            if not only or any(part in f"{library} {name}" for part in only):
                yield library, name, entry


def told(report: Report) -> str:
    """Return a verdict for a cell."""
    if report.ok is False:
        where = f" when {report.trigger}" if report.trigger else ""
        return f"wrong ({report.bug}{where})"
    at_kinks = f", {report.kinks} at a kink" if report.kinks else ""
    return report.verdict + at_kinks


def rows_for(library: str, name: str, *, quick: bool) -> bool | list[str]:
    """Return the rows of the battery that a function goes through."""
    crash = TABLES[library].CRASHES.get(name)
    return not quick if quick or crash is None else [r.name for r in ROWS if r.name != crash]


def sweep(kind: str, args: argparse.Namespace) -> tuple[list[list[str]], Counter]:
    """Return the rows of one table and a count of its verdicts."""
    rows, counts = [], Counter()
    for library, name, (f, makers, *why) in chosen(kind, args.only):
        row = [library, name]
        for dtype in DTYPES:
            start = perf_counter()
            example = arrays(library, makers, dtype, args.seed)
            battery = rows_for(library, name, quick=args.quick)
            report = softgrad.check(f, example, seed=args.seed, battery=battery)
            counts[report.verdict] += 1
            row.append(told(report))
            took = perf_counter() - start
            print(f"{kind} {library} {name} {dtype}: {row[-1]} ({took:.1f} s)", flush=True)
            if report.ok is not True:
                print(report, flush=True)
        rows.append([*row, *(why or [TABLES[library].DEFECTS.get(name, "")])])
        jax.clear_caches()  # every function is compiled for every shape: gigabytes by the end
    return rows, counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", nargs="*", default=[], help="parts of names, such as 'torch gelu'"
    )
    parser.add_argument("--quick", action="store_true", help="leave the battery out")
    parser.add_argument("--kinds", nargs="+", default=["FUNCTIONS", "AT_KINKS", "DELIBERATE"])
    args = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    torch.set_num_threads(1)
    versions = environment("torch", "jax")
    print(versions, flush=True)
    parts = []
    titles = {
        "FUNCTIONS": ("Functions", "a defect of the library"),
        "AT_KINKS": ("At their kinks", "a defect of the library"),
        "DELIBERATE": ("Not the function's derivative, on purpose", "why"),
    }
    for kind in args.kinds:
        title, last = titles[kind]
        rows, counts = sweep(kind, args)
        summary = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
        head = ["library", "function", *DTYPES, last]
        parts.append(
            f"## {title}\n\n{len(rows)} functions; checks: {summary}.\n\n{table(head, rows)}"
        )
    body = "\n\n".join(parts)
    print(body)
    if not args.only and not args.quick:
        rewrite("library_sweep", body, versions)


if __name__ == "__main__":
    main()
