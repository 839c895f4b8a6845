"""The Jacobian of softmax: by hand in NumPy, in torch, by automatic differentiation, by softgrad.

Run it with: python jacobian_three_ways.py [largest n, by default 1000000]
Without PyTorch its two columns stay empty.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

import softgrad

try:
    import torch
except ModuleNotFoundError:
    torch = None


def by_hand(p: np.ndarray) -> np.ndarray:
    """Write the two cases down: p_i (1 - p_i) on the diagonal, -p_i p_j off it."""
    return np.diag(p) - np.outer(p, p)


def in_torch(p: np.ndarray) -> np.ndarray:
    """Write the same with torch's operations."""
    row = torch.from_numpy(p)
    return (torch.diag(row) - torch.outer(row, row)).numpy()


def by_autodiff(x: np.ndarray) -> np.ndarray:
    """Let torch differentiate its own softmax, one row of the Jacobian per output."""
    row = torch.from_numpy(x)
    return torch.autograd.functional.jacobian(lambda t: torch.softmax(t, -1), row).numpy()


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return what the work gives, and its best time of three in milliseconds."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        result = work()
        times.append(1000 * (time.perf_counter() - start))
    return result, min(times)


def cell(milliseconds: float | None) -> str:
    """Return a time in ten characters."""
    return f"{'-':>10}" if milliseconds is None else f"{milliseconds:7.2f} ms"


def memory(size: float) -> str:
    """Return a number of bytes in nine characters."""
    for unit in ("B ", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:6.0f} {unit}"
        size /= 1000
    return f"{size:6.0f} TB"


DENSE_LIMIT = 200e6  # bytes
AUTODIFF_LIMIT = 1000  # entries: one backward pass for each

largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
sizes = [n for n in (3, 100, 1000, 3000, 10_000, 100_000) if n < largest] + [largest]

print(
    "The time to build the dense Jacobian J, three ways, and to get J^T g from softgrad without J"
)
print(f"{'n':>8} {'dense J':>9} {'by hand':>10} {'in torch':>10} {'autodiff':>10} {'softgrad':>10}")
for n in sizes:
    draw = np.random.default_rng(0)
    x, g = draw.normal(size=n), draw.normal(size=n)
    p = softgrad.softmax(x)
    product, quick = timed(lambda x=x, g=g: softgrad.vjp(softgrad.softmax, x)[1](g))
    hand = torch_hand = auto = None
    if 8 * n**2 <= DENSE_LIMIT:
        dense, hand = timed(lambda p=p: by_hand(p))
        assert np.allclose(dense.T @ g, product, rtol=1e-10, atol=1e-15)
        assert np.allclose(softgrad.jacobian(softgrad.softmax, x).to_dense(), dense, atol=1e-15)
        if torch:
            again, torch_hand = timed(lambda p=p: in_torch(p))
            assert np.allclose(again, dense, atol=1e-15)
        if torch and n <= AUTODIFF_LIMIT:
            again, auto = timed(lambda x=x: by_autodiff(x))
            assert np.allclose(again, dense, atol=1e-15)
    print(f"{n:>8} {memory(8 * n**2)} {cell(hand)} {cell(torch_hand)} {cell(auto)} {cell(quick)}")

# At the largest n only products are left to ask: the columns of J add up to 0, up to rounding.
jacobian = softgrad.jacobian(softgrad.softmax, x)
assert np.abs(jacobian.T @ np.ones(largest)).max() < 1e-12
assert np.isclose(jacobian.diagonal()[0], p[0] * (1 - p[0]))
