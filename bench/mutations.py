"""Which checker catches which wrong gradient of the family.

Run ``python bench/mutations.py``; it needs torch, JAX, SciPy, autograd and ml_dtypes. Every
structural edit of a member's declared Jacobian and every generic mistake is handed, as a NumPy
function with a backward pass, to softgrad's checker and to its peers with their defaults, at three
sizes in three precisions. What has been measured is kept in ``--results`` and not measured again.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from measuring.caught import (
    CHECKERS,
    COINCIDES,
    CONTROL,
    ROUNDINGS,
    UNRESOLVED,
    Record,
    key_of,
    report,
)
from measuring.document import ROOT, environment, rewrite
from measuring.mistakes import Mistake, mistakes
from measuring.ours import CHECK
from measuring.peers import Peer, verdict
from measuring.problems import DTYPES, SIZES, Problem, Setting, settings

from softgrad.check.precision import epsilon

KEPT_BYTES, FIELDS = 2e9, 8

Unit = tuple[str, int, str]


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


def measure(
    unit: Unit, names: tuple[str, ...], known: set[str], seconds: float, results: Path
) -> tuple[int, int]:
    """Add a record for each mistake and checker at one member, size and precision to a file.

    Returns how many softgrad caught, and of how many.
    """
    size, number, dtype = unit
    setting = [*settings(size)][number]
    x, right = setting.point(dtype), truth_of(setting)
    forward, backward = setting.forward(dtype), setting.backward(dtype)
    kept, wide = remembered(forward), setting.at(x)
    chosen = [checker for checker in CHECKERS if checker.name in names]
    seen: Counter = Counter()

    def keep(record: Record) -> None:
        if key_of(record) not in known:
            with results.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(record) + "\n")

    def run(label: str, function: Callable, pull: Callable, checker: Peer) -> None:
        record = _record(unit, setting, label, checker.name, "")
        if key_of(record) in known:
            return
        problem = Problem(function, pull, x, lambda g: wide.gradient(g)[setting.primary])
        try:
            told, took = verdict(checker, problem, 0, most_seconds=seconds)
        except Exception as error:  # a peer that breaks is a result
            told, took = f"raises {type(error).__name__}", 0.0
        if checker is CHECK and label != CONTROL:
            seen[told] += 1
        counts = {"forwards": problem.forwards, "backwards": problem.backwards}
        keep({**record, "verdict": told, "seconds": took, **counts})

    with np.errstate(all="ignore"):
        for checker in chosen:
            run(CONTROL, forward, backward, checker)
        for mistake in mistakes(setting, dtype):
            reason = excluded(mistake, setting, dtype, right)
            if reason is not None:
                keep(_record(unit, setting, mistake.label, "", reason))
                continue
            for checker in chosen:
                run(mistake.label, kept, _cast(mistake.make(right)), checker)
    return seen["wrong"], seen.total()


def _cast(wrong: Callable) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda g, x: np.asarray(wrong(g, x)).astype(x.dtype)


def _record(unit: Unit, setting: Setting, mistake: str, checker: str, told: str) -> Record:
    size, _, dtype = unit
    where = {"size": size, "dtype": dtype, "member": setting.name}
    return {**where, "mistake": mistake, "checker": checker, "verdict": told}


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
    parser.add_argument("--no-document", action="store_true", help="leave docs/ as it is")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "mutations.jsonl")
    args = parser.parse_args()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    args.results.touch()
    known = {key_of(record) for record in read(args.results)}
    versions = environment("torch", "jax", "scipy", "autograd", "ml_dtypes")
    print(versions, flush=True)
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as workers:
        rest = (tuple(args.checkers), known, args.seconds, args.results)
        work = {workers.submit(measure, unit, *rest): unit for unit in units(args)}
        for done in as_completed(work):
            caught, of = done.result()
            print(*work[done], f"softgrad caught {caught} of {of}", flush=True)
    body = report(read(args.results))
    print(body)
    if not args.no_document:
        rewrite("mutations", body, versions)


def read(results: Path) -> list[Record]:
    """Return what has been measured."""
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
