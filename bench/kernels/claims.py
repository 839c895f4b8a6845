"""What was promised of speed, as data: the work, beside whom, at least how much."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.kernels.cases import Case
from bench.kernels.processes import CONTENDERS, COPY
from bench.kernels.speed import Timing
from bench.kernels.works import LARGE, MIDDLING, SMALL, speed_cases

__all__ = ["CLAIMS", "Claim"]

FRESH, OUT, KERNEL = "softgrad", "softgrad out=", "softgrad kernel"
ON_TORCH = "softgrad, torch tensor"

PEERS = [c for c in CONTENDERS if "softgrad" not in c.library and c != COPY]
PLAIN = tuple(c.name for c in PEERS if not c.tuned)
ANY = tuple(name for name in PLAIN if "out=" not in name)
TUNED = tuple(c.name for c in PEERS if c.tuned)
TORCH = ("torch", "torch out=")
JACREV = ("torch", "JAX")


@dataclass(frozen=True)
class Claim:
    """A ratio to the fastest of some peers, a percentage of the copy, or a time.

    Parameters
    ----------
    case
        On what.
    least
        At least how many times as fast as the peers, or what percentage if there are none.
    peers
        Beside whom; the fastest of them counts.
    by
        Which of softgrad's contenders keeps the promise.
    seconds
        In place of ``least``: the time it may take at most.
    """

    case: Case
    least: float = 0.0
    peers: tuple[str, ...] = ()
    by: str = FRESH
    seconds: float | None = None

    @property
    def beside(self) -> str:
        """Whom it is measured by, in words."""
        groups = {PLAIN: "any peer", ANY: "any peer", TUNED: "any peer, tuned malloc"}
        if self.seconds is not None:
            return "a time"
        if not self.peers:
            return "a fill" if self.case.work == "dense_jacobian" else "a copy"
        return groups.get(self.peers, " or ".join(self.peers))

    def measured(self, timing: Timing) -> float | None:
        """Return the ratio, percentage or seconds found, or None if something is missing."""
        if self.by not in timing.rounds:
            return None
        if self.seconds is not None:
            return timing.seconds(self.by)
        if not self.peers:
            return timing.of_copy(self.by) if COPY.name in timing.rounds else None
        there = [peer for peer in self.peers if peer in timing.rounds]
        return min((timing.ratio(peer, self.by) for peer in there), default=None)

    def shown(self, value: float | None) -> str:
        """Return a measured or promised value with its unit."""
        if value is None:
            return "-"
        if self.seconds is not None:
            return f"{value * 1e6:.3g} µs"
        return f"{value:.3g} ×" if self.peers else f"{value:.0f} %"

    def holds(self, value: float) -> bool:
        """Tell whether the measured value keeps the promise."""
        return value <= self.seconds if self.seconds is not None else value >= self.least

    @property
    def promised(self) -> str:
        """The target with its unit."""
        if self.seconds is not None:
            return f"≤ {self.shown(self.seconds)}"
        return f"≥ {self.shown(self.least)}"


def _cases(work: str, *shapes: tuple[int, ...], dtype: str = "float32") -> list[Case]:
    return [Case(work, shape, dtype) for shape in shapes]


def _claims() -> Iterator[Claim]:
    for case in _cases("loss_gradient", *LARGE):
        yield Claim(case, 6, ANY)
        yield Claim(case, 2.5, TUNED)
        yield Claim(case, 70, by=OUT)
    yield Claim(Case("loss_gradient", MIDDLING), 4, ANY)
    yield Claim(Case("loss_gradient", (64, 10)), 5, ANY)
    for case in _cases("loss", *LARGE):
        yield Claim(case, 3, ANY)
    for case in _cases("logsumexp", MIDDLING, *LARGE):
        yield Claim(case, 15, ("SciPy",))
    for case in _cases("softmax_backward", *LARGE):
        yield Claim(case, 3.5, ANY)
        yield Claim(case, 1.15, TUNED)
    for case in _cases("softmax_backward", *SMALL, MIDDLING):
        yield Claim(case, 1.05, ANY)
    for case in _cases("softmax", MIDDLING, *LARGE):
        yield Claim(case, 1.3, ("onnxruntime", "onnxruntime out="), OUT)
        yield Claim(case, 1.7, ("torch out=",), OUT)
        yield Claim(case, 4.5, ("SciPy",), OUT)
        yield Claim(case, 75, by=OUT)
    for case in speed_cases():
        if case.dtype == "float64" and case.work == "softmax":
            yield Claim(case, 1.6, PLAIN, OUT)
        elif case.axis != -1:
            yield Claim(case, 1.7, TORCH, OUT)
            yield Claim(case, 1.25, PLAIN, OUT)
        elif case.dtype == "bfloat16":
            yield Claim(case, 1, ("torch", "torch.compile"))
            if case.work not in ("loss", "loss_gradient"):  # torch's return fresh results
                yield Claim(case, 1, TORCH, OUT)
        elif case.threads == 2:
            yield Claim(case, 75, by=OUT)
    one, many = _cases("softmax", (1, 10), (64, 10))
    yield Claim(one, seconds=0.6e-6)
    yield Claim(many, seconds=1.2e-6)
    yield Claim(one, seconds=1.5e-6, by=ON_TORCH)
    yield Claim(one, seconds=0.1e-6, by=KERNEL)
    yield Claim(many, seconds=0.6e-6, by=KERNEL)
    yield Claim(Case("jacobian_product", (100_000_000,)), 60, by=OUT)
    yield Claim(Case("jacobian_product", (100_000_000,)), 60)
    dense = Case("dense_jacobian", (20_000,))
    yield Claim(dense, 85)
    yield Claim(dense, 25, JACREV)
    yield Claim(dense, 5, ("NumPy",))


CLAIMS = tuple(_claims())
