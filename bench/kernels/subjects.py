"""The commands: each measures what was chosen, keeps it, and shows it."""

import argparse
import sys
from itertools import groupby
from typing import Any

from bench.kernels import accuracy as of_accuracy
from bench.kernels import memory as of_memory
from bench.kernels import speed as of_speed
from bench.kernels import tables
from bench.kernels.cases import Case
from bench.kernels.plot import plot
from bench.kernels.processes import Processes
from bench.kernels.selection import add_choices, chosen, contenders, refuse_unknown
from bench.kernels.store import keep, kept
from bench.kernels.works import LATENCY, speed_cases
from bench.measuring.document import command, environment, rewrite

__all__ = ["accuracy", "add_options", "latency", "memory", "speed", "write"]

PACKAGES = ("torch", "jax", "scipy", "onnxruntime", "ml_dtypes")


def add_options(subject: str, parser: argparse.ArgumentParser) -> None:
    """Declare what a command may be asked."""
    if subject == "write":
        return
    add_choices(parser)
    if subject in ("speed", "latency"):
        parser.add_argument("--rounds", type=int, default=11, help="each in another order")
        parser.add_argument("--seconds", type=float, default=0.05, help="a time's least length")
    if subject == "accuracy":
        sizes = [*of_accuracy.ROWS]
        parser.add_argument("--sizes", nargs="+", type=int, default=sizes, choices=sizes)


def speed(args: argparse.Namespace) -> None:
    """Time everyone, interleaved, and a copy of the memory beside them."""
    _timed(chosen(speed_cases(), args), args)


def latency(args: argparse.Namespace) -> None:
    """Time calls on a handful of numbers."""
    _timed(chosen(LATENCY, args), args)


def _timed(cases: list[Case], args: argparse.Namespace) -> None:
    cases.sort(key=lambda case: case.threads)
    for threads, some in groupby(cases, key=lambda case: case.threads):
        with Processes(threads) as processes:
            for case in some:
                timing = of_speed.measure(
                    case,
                    contenders(args),
                    processes,
                    rounds=args.rounds,
                    seconds=args.seconds,
                    say=_say,
                )
                _keep(args, "speed", case.label, timing.to_json())
                print(tables.one(timing), flush=True)


def memory(args: argparse.Namespace) -> None:
    """Measure what a call occupies beyond its input, and what pages it faults in; on Linux."""
    with Processes(1) as processes:
        for case in chosen(of_memory.MEMORY, args):
            found = of_memory.memory(case, contenders(args), processes, _say)
            _keep(args, "memory", case.label, {"found": found})
            for name, (size, faults) in found.items():
                print(f"{case.label}: {name}: {size / 1e6:,.1f} MB, {faults:,} faults", flush=True)


def accuracy(args: argparse.Namespace) -> None:
    """Find the largest errors over the stress set, against extended precision."""
    refuse_unknown(args.only, of_accuracy.TRUTHS)
    quantities = args.only or [*of_accuracy.TRUTHS]
    who = contenders(args, of_accuracy.WHO)
    with Processes(1) as processes:
        for quantity, case in of_accuracy.stress(
            quantities, args.dtypes or of_accuracy.DTYPES, args.sizes
        ):
            label = f"{quantity}, {case.draw}, n = {case.n}, {case.dtype}"
            found = of_accuracy.errors(quantity, case, who, processes, _say)
            about = {"quantity": quantity, "draw": case.draw, "n": case.n, "dtype": case.dtype}
            _keep(args, "accuracy", label, about | {"ulps": found})
            print(label, *(f"{name} {u:.3g}" for name, u in found.items()), sep="  ", flush=True)


def write(args: argparse.Namespace) -> None:
    """Put what was measured into docs/speed.md, docs/speed.svg and docs/accuracy.md."""
    times, sizes, ulps = kept("speed"), kept("memory"), kept("accuracy")
    if times or sizes:
        timings = [of_speed.Timing.from_json(entry) for entry in times.values()]
        body = tables.speed(timings, {label: entry["found"] for label, entry in sizes.items()})
        rewrite("speed", body, *_origin(times | sizes))
        plot(timings)
    if ulps:
        rewrite("accuracy", tables.accuracy([*ulps.values()]), *_origin(ulps))


def _keep(args: argparse.Namespace, kind: str, label: str, figures: dict[str, Any]) -> None:
    origin = {"command": command(), "versions": environment(*PACKAGES)}
    if not args.dry:
        keep(kind, label, origin | figures)


def _origin(entries: dict[str, dict[str, str]]) -> tuple[str, str]:
    """Return the versions and the commands that figures come from."""
    versions = sorted({entry["versions"] for entry in entries.values()})
    commands = sorted({entry["command"] for entry in entries.values()})
    return "\n".join(versions), "`, `".join(commands)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
