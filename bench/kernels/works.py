"""Which works are timed, at which sizes, and how much memory each must at least touch."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.kernels.cases import Case

__all__ = ["LARGE", "LATENCY", "MIDDLING", "SMALL", "TRAFFIC", "speed_cases"]

SMALL = [(64, 10), (128, 128), (128, 1000)]
MIDDLING = (4096, 1024)
LARGE = [(1024, 32000), (128, 128256)]
SHAPES = [*SMALL, MIDDLING, *LARGE]

TRAFFIC = {
    "softmax": 2,
    "log_softmax": 2,
    "logsumexp": 1,
    "loss": 1,
    "loss_gradient": 2,
    "softmax_backward": 3,
    "log_softmax_backward": 3,
    "jacobian_product": 3,
    "dense_jacobian": 1,
    "sparsemax": 2,
    "entmax15": 2,
    "soft_loss_gradient": 3,
    "binary_loss_gradient": 3,
    "softmax_hessian_product": 4,
}
"""How many arrays of the work's size are read and written; its size is n² for the dense one."""


@dataclass(frozen=True)
class Grid:
    """Works crossed with what they are done on."""

    works: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...] = tuple(SHAPES)
    dtypes: tuple[str, ...] = ("float32",)
    axes: tuple[int, ...] = (-1,)
    threads: tuple[int, ...] = (1,)

    def __iter__(self) -> Iterator[Case]:
        for work in self.works:
            for dtype in self.dtypes:
                for shape in self.shapes:
                    for axis in self.axes:
                        for threads in self.threads:
                            yield Case(work, shape, dtype, axis, threads)


SPARSE_AND_SOFT = tuple([*TRAFFIC][-5:])
ROWS = tuple(work for work in TRAFFIC if "jacobian" not in work and work not in SPARSE_AND_SOFT)
ALONG_ANY = ("softmax", "log_softmax", "softmax_backward")

SPEED = [
    Grid(ROWS),
    Grid(("softmax", "log_softmax", "softmax_backward", "loss_gradient"), dtypes=("float64",)),
    Grid(ROWS, ((128, 1000), MIDDLING, *LARGE), dtypes=("bfloat16",)),
    Grid(ALONG_ANY, ((1000, 128), (1000, 1000), (1024, 4096), (32000, 1024)), axes=(0,)),
    Grid(ALONG_ANY, ((64, 1000, 128), (32, 1024, 1024)), axes=(1,)),
    Grid(("softmax", "loss_gradient"), tuple(LARGE), threads=(2,)),
    Grid(("jacobian_product",), ((100_000_000,),)),
    Grid(("dense_jacobian",), ((10,), (500,), (20_000,))),
    Grid(SPARSE_AND_SOFT, ((64, 10), (128, 1000), MIDDLING, LARGE[0])),
]

LATENCY = list(Grid(("softmax",), ((1, 10), (64, 10))))


def speed_cases() -> list[Case]:
    """Return every case that is timed for throughput."""
    return [case for grid in SPEED for case in grid]
