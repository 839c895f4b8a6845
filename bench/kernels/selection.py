"""What the command line chooses of the works, shapes, dtypes, threads and contenders."""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from bench.kernels.cases import Case
from bench.kernels.processes import CONTENDERS, OURS, Contender

__all__ = ["add_choices", "chosen", "contenders", "refuse_unknown"]

T = TypeVar("T")


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Let the command choose; what is not said means all of them."""
    parser.add_argument("--only", nargs="+", metavar="WORK", help="such as softmax loss_gradient")
    parser.add_argument("--shapes", nargs="+", metavar="SHAPE", help="such as 64x10 1024x32000")
    parser.add_argument("--dtypes", nargs="+", metavar="DTYPE")
    parser.add_argument("--threads", nargs="+", type=int, metavar="COUNT")
    parser.add_argument("--peers", nargs="*", metavar="NAME", help="a part of the name will do")
    parser.add_argument("--dry", action="store_true", help="show the figures, keep none")


def chosen(cases: Iterable[Case], args: argparse.Namespace) -> list[Case]:
    """Return the cases that the command names, on the shapes that it names, whatever they are."""
    cases = [*cases]
    refuse_unknown(args.only, (case.work for case in cases))
    asked = [case for case in cases if _named(args.only, case.work)]
    asked = [c for c in asked if _named(args.dtypes, c.dtype) and _named(args.threads, c.threads)]
    if args.shapes is None:
        return asked
    shapes = [tuple(map(int, shape.split("x"))) for shape in args.shapes]
    known = {case.shape for case in asked}
    new = [
        replace(case, shape=shape)
        for case in asked
        for shape in shapes
        if shape not in known and len(shape) == len(case.shape)
    ]
    return list(dict.fromkeys([*(case for case in asked if case.shape in shapes), *new]))


def refuse_unknown(names: list[str] | None, known: Iterable[str]) -> None:
    """Stop with one sentence if a name that was asked for is none."""
    known = dict.fromkeys(known)
    for name in names or ():
        if name not in known:
            raise SystemExit(f"--only: there is no {name!r}; there are {', '.join(known)}")


def contenders(args: argparse.Namespace, among: Iterable[Contender] = CONTENDERS) -> list:
    """Return softgrad, the copy, and the peers that the command names."""
    return [
        contender
        for contender in among
        if args.peers is None
        or contender.library in (OURS.library, "copy")
        or any(name.lower() in contender.name.lower() for name in args.peers)
    ]


def _named(choice: list[T] | None, value: T) -> bool:
    return choice is None or value in choice
