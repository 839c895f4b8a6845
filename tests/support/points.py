"""Rows of logits that gradients go wrong on."""

import numpy as np

from support.libraries import rounded

__all__ = ["ROWS", "SHORT", "logits"]

ROWS: dict[str, tuple[float, float, float, float]] = {
    "moderate": (0.3, -1.2, 2.1, 0.7),
    "confident by 20": (-0.4, 20.3, 0.1, 0.6),
    "confident by 40": (0.2, -0.9, 0.7, 40.1),
    "large": (1e4, 9998.7, -1e4, 3.3),
    "large, one alone": (-1e4, 1e4, 0.1, 5e3),
    "at a common offset": (-7001.3, -7000.2, -7003.9, -7000.9),
    "tied": (2.5, -1.1, 2.5, 2.5),
    "all tied": (-3.7, -3.7, -3.7, -3.7),
    "tiny": (1e-30, -3e-31, 0.0, 2e-32),
    "very negative": (-50.3, -88.1, -49.9, -103.2),
}
"""Named rows; confident, large, tied and tiny ones among them."""

SHORT: dict[str, tuple[float, float, float]] = {
    "confident": (0.1, 17.3, -0.6),
    "zero and tied": (0.0, 0.0, -1.1),
}
"""Rows for calls with premaps, which round the logits: large ones have lost digits by then."""


def logits(dtype: str, rows: dict[str, tuple[float, ...]]) -> np.ndarray:
    """Return the rows as float64 numbers that ``dtype`` holds."""
    return rounded(list(rows.values()), dtype)
