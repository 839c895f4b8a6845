"""What one check costs: runs of the function, wall time, peak memory, from n = 10 to 1,000,000.

Run ``python bench/check_cost.py``; it needs torch, JAX, SciPy and autograd. The function is a
softmax of one row in NumPy, float64, with its backward pass. Every figure comes from a process of
its own. *Beyond* is what is left after the function's own cost: its time times its runs, or the
peak of a process that loads the same checker and runs function and backward pass alone.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from measuring.document import environment, rewrite, table
from measuring.problems import Problem

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    y = softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


def once(name: str, n: int, most_seconds: float, *, alone: bool) -> dict[str, Any]:
    """Run one checker, or only the function with everything loaded, in a process of its own."""
    from measuring.ours import CHECK, PROBE
    from measuring.peers import PEERS, verdict

    checker = next(c for c in (CHECK, PROBE, *PEERS) if c.name == name)
    verdict(checker, problem_of(10), 0, most_seconds=np.inf)
    problem = problem_of(n)
    forward, pull = (
        seconds_of(lambda: problem.run(problem.x)),
        seconds_of(lambda: problem.pull(np.ones((1, n)), problem.x)),
    )
    if alone:
        return {"peak": peak()}
    told, first = verdict(checker, problem, 0, most_seconds=most_seconds)
    found: dict[str, Any] = {"told": told, "peak": peak()}
    times = [first]
    while len(times) < 9 and sum(times) < 1.0:
        times.append(verdict(checker, problem, 0, most_seconds=np.inf)[1])
    found["seconds"] = median(times[1:] or times)
    found["calls"] = problem.forwards, problem.backwards
    own = problem.forwards * forward + problem.backwards * pull
    return {**found, "beyond": max(0.0, found["seconds"] - own)}


def problem_of(n: int) -> Problem:
    return Problem(softmax, backward, np.random.default_rng(0).normal(size=(1, n)))


def seconds_of(call: Callable[[], object]) -> float:
    """Return the time of one call, warm."""
    call()
    start, rounds = perf_counter(), 0
    while perf_counter() - start < 0.05 and (rounds := rounds + 1) < 10_000:
        call()
    return (perf_counter() - start) / rounds


def peak() -> float:
    """Return the most memory this process has held, in MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def separately(name: str, n: int, seconds: float, *, alone: bool = False) -> dict[str, Any]:
    """Return what ``once`` finds in a new process."""
    line = [sys.executable, __file__, "--one", name, str(n), "--seconds", str(seconds)]
    line += ["--alone"] if alone else []
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"told": "fails: " + done.stderr.strip().rpartition("\n")[2][:60]}
    return json.loads(done.stdout)


def report(found: dict[tuple[str, int], dict[str, Any]], names: list[str], sizes: list[int]) -> str:
    def cells(show: Any) -> list[list[str]]:
        return [
            [
                name,
                *(
                    show(found[name, n], n) if found[name, n].get("told") == "right" else "—"
                    for n in sizes
                ),
            ]
            for name in names
        ]

    def memory(f: dict[str, Any], n: int) -> str:
        beyond = f["peak"] - f["alone"]
        return f"{beyond:,.0f}" if beyond >= 1 else "< 1"

    shows = {
        "forward / backward runs": lambda f, n: f"{f['calls'][0]:,} / {f['calls'][1]:,}",
        "milliseconds": lambda f, n: f"{f['seconds'] * 1e3:,.3g}",
        "milliseconds beyond the function's own": lambda f, n: f"{f['beyond'] * 1e3:,.3g}",
        "peak MB beyond the function's own": memory,
    }
    heads = {
        title: table([title, *(f"n = {n:,}" for n in sizes)], cells(show))
        for title, show in shows.items()
    }
    told = sorted(
        {
            (name, n, f["told"])
            for (name, n), f in found.items()
            if f.get("told", "right") != "right"
        }
    )
    why = "\n".join(f"- {name}, n = {n:,}: {reason}" for name, n, reason in told)
    return "\n\n".join([*heads.values(), f"No figure (—):\n\n{why}" if why else ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[*SIZES])
    parser.add_argument("--seconds", type=float, default=60.0, help="most seconds for one check")
    parser.add_argument("--one", nargs=2, metavar=("CHECKER", "N"), help=argparse.SUPPRESS)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        name, n = args.one
        print(json.dumps(once(name, int(n), args.seconds, alone=args.alone)))
        return
    from measuring.ours import CHECK, PROBE
    from measuring.peers import PEERS

    names = [c.name for c in (PROBE, CHECK, *PEERS) if "rule" not in c.name]
    versions = environment("torch", "jax", "scipy", "autograd")
    print(versions, flush=True)
    found = {}
    for n in args.sizes:
        for name in names:
            one = separately(name, n, args.seconds)
            if one["told"] == "right":
                one["alone"] = separately(name, n, args.seconds, alone=True)["peak"]
            found[name, n] = one
            print(n, name, found[name, n], flush=True)
    body = report(found, names, args.sizes)
    print(body)
    rewrite("check_cost", body, versions)


if __name__ == "__main__":
    main()
