"""The bodies with which a difference of slopes can be seen, the plainest first."""

from collections.abc import Iterator, Mapping
from math import log2
from typing import Any

import numpy as np

from softgrad.check.report.report import Report
from softgrad.check.reproduce.bodies import BODIES, CLAIMED, FORMULAS, MEASURED, SHOWN_BY, UNEVEN

__all__ = ["bodies", "power"]

_PLAIN = "{1: 1 / 2}", 3, ""
_SHARP = "{1: 3 / 4, 2: -3 / 20, 3: 1 / 60}", 7, ", of order 6"
"""Weights of the central differences, the root of eps that is the step, what the reader is told."""


def bodies(report: Report, eps: Mapping[str, float], *, forward: bool) -> Iterator[str]:
    """Yield what the program may compare.

    Parameters
    ----------
    report
        What was found: its bug tells what to look at, its entries where.
    eps
        The unit roundoff in which f is run, by the name of the function that makes its inputs
        (``like`` or ``wide``), the finest first; and that of the claim under ``"claim"``.
    forward
        Whether the claim is a forward-mode derivative.
    """
    texts: dict[str, Any] = {"seed": report.seed, "eps_claim": power(eps["claim"])}
    texts |= {"claim": CLAIMED[forward], "formula": FORMULAS[forward]}
    texts |= {"measured": MEASURED, "uneven": UNEVEN}
    for named in () if forward else SHOWN_BY.get(report.bug or "", ()):
        yield BODIES[named].substitute(texts)
    for only in ("", *filter(None, [_only(report)])):
        for moved in (name for name in eps if name != "claim"):
            for weights, root, sharper in (_PLAIN, _SHARP):
                step = power(eps[moved] ** (1 / root))
                yield BODIES["slope"].substitute(
                    texts,
                    moved=moved,
                    eps=power(eps[moved]),
                    step=step,
                    weights=weights,
                    sharper=sharper,
                    only=only,
                )


def power(value: float) -> str:
    """Return the nearest power of two, as people write it."""
    return f"2.0**{round(log2(value))}"


def _only(report: Report) -> str:
    """Return lines that restrict the direction to the first entry that is known to be wrong."""
    places = [(entry.input, entry.index) for entry in report.entries[:1]]
    for name, mask in (report.wrong or {}).items():
        places += [(name, tuple(map(int, index))) for index in np.argwhere(mask)[:1]]
    if not places:
        return ""
    name, index = places[0]
    index = tuple(int(i) for i in index)
    return (
        f"\nonly = np.zeros(x[{name!r}].shape)\nonly[{index}] = 1\n"
        f"u = {{n: u[n] * (only if n == {name!r} else 0) for n in wrt}}"
    )
