"""The smallest error of one entry that is noticed, and k wrong entries found exactly.

Run ``python bench/sensitivity.py``; it needs torch, JAX, SciPy and autograd. The function is a
softmax of one row of N(0, 1) logits in NumPy. One entry of its gradient, of small, median or large
magnitude, is off by a share of itself; the smallest power of ten that is noticed for all three is
told, found by bisection between 10^-14 and 10^6. A checker that alarms at the right gradient
notices nothing.
"""

import argparse
from collections.abc import Callable, Iterable
from time import perf_counter

import numpy as np
from measuring.document import environment, rewrite, table
from measuring.ours import PROBE, checked
from measuring.peers import PEERS, Peer, verdict
from measuring.problems import DTYPES, Problem

SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUANTILES = (0.25, 0.5, 0.75)
LEAST, MOST = -14, 6


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def off_at(places: Iterable[int], share: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return softmax's backward pass with some entries off by a share of themselves."""
    where = list(places)

    def backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        y = softmax(x)
        d = y * (g - (g * y).sum(-1, keepdims=True))
        d[0, where] *= x.dtype.type(1 + share)
        return d

    return backward


def problem(n: int, dtype: str, places: Iterable[int] = (), share: float = 0.0) -> Problem:
    x = np.random.default_rng(0).normal(size=(1, n)).astype(DTYPES[dtype])
    made = Problem(softmax, off_at(places, share), x)
    made.truth = lambda g: off_at((), 0.0)(g, x.astype(np.float64))
    return made


def ranked(n: int) -> list[int]:
    """Return the places of the quantiles of softmax's own values."""
    order = np.argsort(np.random.default_rng(0).normal(size=n))
    return [int(order[int(q * n)]) for q in QUANTILES]


def smallest(seen: Callable[[int, float], bool], n: int) -> str:
    """Return the smallest power of ten that is seen at every place, by bisection."""
    places = ranked(n)
    missed, found = LEAST - 1, MOST + 1
    while found - missed > 1:
        middle = (missed + found) // 2
        if all(seen(place, 10.0**middle) for place in places):
            found = middle
        else:
            missed = middle
    return "none" if found > MOST else f"1e{found}"


def noticed(checker: Peer, n: int, dtype: str, seconds: float) -> str:
    """Return the smallest error that a checker notices, or why it has none."""
    told, took = verdict(checker, problem(n, dtype), 0, most_seconds=seconds)
    if told != "right":
        return "alarms at the right one" if told == "wrong" else told
    if took > seconds:
        return f"takes {took:,.0f} s"

    def seen(place: int, share: float) -> bool:
        wrong = problem(n, dtype, [place], share)
        return verdict(checker, wrong, 0, most_seconds=np.inf)[0] == "wrong"

    return smallest(seen, n)


def located(n: int, dtype: str) -> str:
    """Return the smallest error at which softgrad's report marks that entry and no other."""

    def seen(place: int, share: float) -> bool:
        return found_exactly(problem(n, dtype, [place], share), [place])[0]

    return smallest(seen, n)


def found_exactly(made: Problem, places: list[int]) -> tuple[bool, int, int, float]:
    """Return whether the wrong entries are just these, the runs that took, and the seconds."""
    start = perf_counter()
    report = checked(made, battery=False)
    took = perf_counter() - start
    mask = (report.wrong or {}).get("x")
    exact = mask is not None and sorted(np.flatnonzero(mask)) == sorted(places)
    return exact, report.evaluations.forward, report.evaluations.backward, took


def several(n: int, dtype: str, k: int, share: float, seed: int) -> list[str]:
    """Return a row: k entries drawn at random, off by the same share."""
    places = [int(j) for j in np.random.default_rng(seed).choice(n, k, replace=False)]
    exact, forward, backward, took = found_exactly(problem(n, dtype, places, share), places)
    row = [f"{n:,}", dtype, str(k), "all and no other" if exact else "not exactly"]
    return [*row, f"{forward:,} / {backward:,}", f"{took:.2f} s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[*SIZES])
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=["float64", "float32"])
    parser.add_argument("--seconds", type=float, default=5.0, help="most seconds for one check")
    parser.add_argument("--share", type=float, default=1e-2, help="how far the k entries are off")
    parser.add_argument("--no-location", action="store_true", help="only what is noticed")
    args = parser.parse_args()
    versions = environment("torch", "jax", "scipy", "autograd")
    print(versions, flush=True)
    columns = [(n, dtype) for dtype in args.dtypes for n in args.sizes]
    rows = []
    for checker in (PROBE, *PEERS):
        row = []
        for n, dtype in columns:
            row.append(noticed(checker, n, dtype, args.seconds))
            print(checker.name, n, dtype, row[-1], flush=True)
        rows.append([checker.name, *row])
    if not args.no_location:
        row = []
        for n, dtype in columns:
            row.append(located(n, dtype))
            print("located", n, dtype, row[-1], flush=True)
        rows.insert(1, ["softgrad, and located exactly", *row])
    head = ["smallest error of one entry", *(f"{dtype} {n:,}" for n, dtype in columns)]
    body = table(head, rows)
    if not args.no_location:
        counts = []
        for dtype in args.dtypes:
            for k in (1, 3, 10):
                counts.append(several(max(args.sizes), dtype, k, args.share, k))
                print(*counts[-1], flush=True)
        head = ["inputs", "precision", "wrong", "found", "forward / backward runs", "time"]
        told = f"Entries drawn at random, each off by {args.share:g} of itself:"
        body += f"\n\n{told}\n\n{table(head, counts)}"
    print(body)
    rewrite("sensitivity", body, versions)


if __name__ == "__main__":
    main()
