"""The largest errors of everyone over the stress set, and what was promised of softgrad's."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from bench.kernels import worker
from bench.kernels.cases import DRAWS, Case, forget
from bench.kernels.exact import TRUTHS, ulps
from bench.kernels.processes import CONTENDERS, Contender, Processes

__all__ = ["DTYPES", "ROWS", "WHO", "bound", "errors", "stress"]

ROWS = {10: 64, 1_000: 64, 100_000: 4, 10_000_000: 1}
"""Lengths of rows, and how many of them."""

DTYPES = ("float32", "float64", "bfloat16", "float16")

WHO = [c for c in CONTENDERS if c.name in ("softgrad", "softgrad out=", "softgrad, torch tensor")]
WHO += [c for c in CONTENDERS if c.name in ("torch", "JAX", "SciPy", "NumPy", "onnxruntime")]

BOUNDS = {
    "softmax": 4,
    "log_softmax": 3,
    "loss": 3,
    "gradient off the target": 4,
    "gradient at the target": 3,
    "softmax backward": 4,
    "log_softmax backward": 4,
}
"""The most ulp promised in float32 and float64; in half precision it is 1 for each of them."""


def bound(quantity: str, dtype: str) -> float | None:
    """Return the most ulp promised, if any are."""
    most = BOUNDS.get(quantity)
    return most if most is None or dtype in ("float32", "float64") else 1


def stress(
    quantities: Sequence[str], dtypes: Sequence[str], sizes: Sequence[int]
) -> Iterator[tuple[str, Case]]:
    """Return the stress set: each quantity, and the case it is measured on."""
    for dtype, n, quantity, draw in product(dtypes, sizes, quantities, DRAWS):
        yield quantity, Case(TRUTHS[quantity][0], (ROWS[n], n), dtype, draw=draw)


def errors(
    quantity: str,
    case: Case,
    contenders: Sequence[Contender],
    processes: Processes,
    say: Callable[[str], None],
) -> dict[str, float]:
    """Return each contender's largest error in ulp."""
    truth = TRUTHS[quantity][1](case)
    found = {}
    for contender in contenders:
        try:
            if processes.ask(contender, worker.prepare, contender.module, case):
                answer = processes.ask(contender, worker.answer, contender.module)
                found[contender.name] = ulps(answer[truth.part], truth, case)
        except Exception as why:  # whatever a peer raises, the others go on
            say(f"{quantity}, {case.draw}, {case.label}: {contender.name}: {why}")
    processes.release()
    forget()
    return found
