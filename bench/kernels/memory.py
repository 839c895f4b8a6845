"""What one call of each contender needs of memory beyond its input."""

from collections.abc import Callable, Sequence

from bench.kernels import worker
from bench.kernels.cases import Case
from bench.kernels.processes import COPY, Contender, Processes
from bench.kernels.works import LARGE

__all__ = ["MEMORY", "memory"]

MEMORY = [
    Case(work, LARGE[0])
    for work in ("softmax", "log_softmax", "loss", "loss_gradient", "softmax_backward")
]


def memory(
    case: Case,
    contenders: Sequence[Contender],
    processes: Processes,
    say: Callable[[str], None],
) -> dict[str, tuple[int, int]]:
    """Return the bytes beyond the input and the page faults of a call, the second one made."""
    found = {}
    for contender in contenders:
        if contender.tuned or contender == COPY:
            continue
        say(f"{case.label}: {contender.name}")
        try:
            if processes.ask(contender, worker.prepare, contender.module, case):
                processes.ask(contender, worker.once, contender.module, 0.0)
                found[contender.name] = processes.ask(contender, worker.memory, contender.module)
        except Exception as why:  # whatever a peer raises, the others go on
            say(f"{contender.name}: {why}")
        processes.release()
    return found
