"""Rows and numbers that strain a kernel: every short length, long rows, and extreme logits."""

import numpy as np
from native.measure import Precision

__all__ = ["logits", "numbers"]


def _generic(normal, uniform) -> dict[str, np.ndarray]:
    table = {f"n={n}": 10 * normal((6, n)) for n in range(1, 131)}
    table |= {f"n={n}": 10 * normal((5, n)) for n in (1000, 1023, 2047, 2048, 2049, 4096)}
    table |= {f"spread {s}": s * normal((12, 1000)) for s in (0.1, 1, 30, 300, 3000)}
    table |= {f"around {m}": m + 3 * normal((6, 1000)) for m in (1e3, -1e3, 1e4, -1e4)}
    table |= {
        "uniform to 1e4": uniform(-1e4, 1e4, (12, 1000)),
        "constant": np.full((2, 1000), 0.3),
        "two equal": np.full((3, 2), -7.7),
        "n=128256": 3 * normal((1, 128256)),
        "n=1000000": 5 * normal((1, 1_000_000)),
    }
    for above in (20, 40):
        for place, where in {"first": 0, "middle": 1500, "last": 2999}.items():
            x = normal((3, 3000))
            x[:, where] += above
            table[f"+{above} {place}"] = x
    late = normal((1, 300_000))
    late[0, -2] += 40
    return table | {"late maximum": late}


def _by_block(*, wide: bool) -> dict[str, np.ndarray]:
    """Return rows that are read in blocks, whose maximum comes late or early."""
    n = 300_000
    table = {"-1e4 rising to 1e4": np.linspace(-1e4, 1e4, n)[None]}
    if wide:
        table |= {
            "1e4 falling to -1e4": np.linspace(1e4, -1e4, n)[None],
            "2000 rising to 2001": np.linspace(2000, 2001, n)[None],
            "-1700 rising to 1700": np.linspace(-1700, 1700, n)[None],
            "spread 3000, long": 3000 * np.random.default_rng(2).standard_normal((1, n)),
            "a step up to 1e38": np.repeat([[-1e38, 0.0, 1e38]], n // 3, axis=1),
            "around 1e38": np.array([[1e38, 1e38, -1e38, 0], [-1e38, -1e38, -3e38, -2e38]]),
        }
    return table


def logits(precision: Precision, *, by_block: bool) -> dict[str, np.ndarray]:
    """Return named rows of logits, encoded.

    ``by_block`` adds long rows for kernels that anchor their exponentials block by block.
    """
    rng = np.random.default_rng(0)
    table = _generic(rng.standard_normal, rng.uniform)
    if by_block:
        table |= _by_block(wide=not precision.is_half)
    return {name: precision.encode(x) for name, x in table.items()}


def numbers(precision: Precision) -> dict[str, np.ndarray]:
    """Return named single numbers, encoded: every finite one there is in half precision."""
    if precision.is_half:
        every = np.arange(1 << 16, dtype="u2").view(precision.stored)
        return {"every number": every[np.isfinite(precision.decode(every))][:, None]}
    rng = np.random.default_rng(0)
    table = {f"spread {s}": s * rng.standard_normal(20_000) for s in (1e-3, 0.1, 1, 10, 100, 1000)}
    table |= {
        "uniform to 1e4": rng.uniform(-1e4, 1e4, 20_000),
        "every size": np.concatenate([s * 2.0 ** np.arange(-300, 100) for s in (-1, 1)]),
        "around zero": np.linspace(-0.5, 0.5, 20_001),
        "to the subnormals": np.linspace(-760, 760, 40_001),
        "to float32's subnormals": np.linspace(-106, -80, 20_001),
    }
    return {name: precision.encode(x)[:, None] for name, x in table.items()}
