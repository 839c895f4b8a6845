"""Times of everyone on one case, interleaved round by round, and what follows from them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from bench.kernels import worker
from bench.kernels.cases import Case
from bench.kernels.processes import COPY, OURS, Contender, Processes
from bench.kernels.works import TRAFFIC

__all__ = ["Timing", "measure"]

TUNED_FROM = 1 << 24
"""From how many bytes of logits on the setting of malloc is looked at."""

TOLERANCE = {"float64": 1e-6, "float32": 1e-3, "float16": 3e-2, "bfloat16": 1e-1}


@dataclass
class Timing:
    """Seconds of each contender in each round, and why others have none."""

    case: Case
    rounds: dict[str, list[float]]
    absent: dict[str, str] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        """Return the median time of a contender."""
        return median(self.rounds[name])

    def ratio(self, peer: str, ours: str) -> float:
        """Return how many times as long the peer takes: the median over the rounds."""
        pairs = zip(self.rounds[peer], self.rounds[ours], strict=True)
        return median(theirs / own for theirs, own in pairs)

    def of_copy(self, name: str) -> float:
        """Return what part of the copy's bandwidth a contender reaches, in percent.

        A copy of the logits touches each byte twice; beside the dense Jacobian stands a fill of
        the matrix, which touches each once.
        """
        copied = 1 if self.case.work == "dense_jacobian" else 2
        return 100 * TRAFFIC[self.case.work] / copied * self.ratio(COPY.name, name)

    def to_json(self) -> dict[str, Any]:
        """Return it as data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Timing":
        """Return what :meth:`to_json` wrote."""
        case = Case(**{**data["case"], "shape": tuple(data["case"]["shape"])})
        return cls(case, data["rounds"], data["absent"])


def measure(
    case: Case,
    contenders: Sequence[Contender],
    processes: Processes,
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> Timing:
    """Time the contenders that offer the case's work and agree on its result."""
    timing = Timing(case, {})
    digests: dict[Contender, Any] = {}
    for contender in contenders:
        if contender.tuned and (case.bytes < TUNED_FROM or "jacobian" in case.work):
            continue
        say(f"{case.label}: {contender.name} prepares")
        try:
            prepare = partial(worker.prepare, contender.module, case, warm=contender.tuned)
            if processes.ask(contender, prepare):
                digests[contender] = processes.ask(contender, worker.digest, contender.module)
        except Exception as why:  # whatever a peer raises, the others go on
            timing.absent[contender.name] = f"{type(why).__name__}: {why}".splitlines()[0][:120]
    ready = _agreed(digests, case, timing.absent)
    timing.rounds = {contender.name: [] for contender in ready}
    for k in range(rounds):
        for contender in ready[k % len(ready) :] + ready[: k % len(ready)]:
            found = processes.ask(contender, worker.once, contender.module, seconds)
            timing.rounds[contender.name].append(found)
    processes.release()
    return timing


def _agreed(digests: dict[Contender, Any], case: Case, absent: dict[str, str]) -> list[Contender]:
    """Return who computes the same as softgrad, to within the dtype."""
    ready = []
    for contender, found in digests.items():
        if contender == COPY or _is_near(found, digests.get(OURS, found), TOLERANCE[case.dtype]):
            ready.append(contender)
        else:
            absent[contender.name] = "its result is another than softgrad's"
    return ready


def _is_near(found: list, expected: list, tolerance: float) -> bool:
    if len(found) != len(expected):
        return False
    for ours, theirs in zip(expected, found, strict=True):
        scale = np.abs(ours).max()
        if len(ours) != len(theirs) or not np.allclose(
            theirs, ours, rtol=tolerance, atol=tolerance * scale
        ):
            return False
    return True
