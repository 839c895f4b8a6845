"""A row that plants zeros among positive entries, where the function goes on below them."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant

__all__ = ["ZEROS"]

_NEAR = 1e-2
_STRAIGHT = 0.2
_CURVED = 10 * _NEAR**2


def _crossed(example: Example) -> Iterator[Variant]:
    """Plant zeros where the function has no edge at 0: a product has none, a logarithm does."""
    for name in example.differentiable:
        x = example.arrays[name]
        if example.domains[name].name != "positive" or x.size < 2:
            continue
        below, at, above = (
            example.with_({name: _planted(x, value)}) for value in (-_NEAR, 0.0, _NEAR)
        )
        if _smooth([example.value(subject) for subject in (below, at, above)]):
            near = Variant(f"{name} has entries near 0", above)
            yield Variant(f"{name} has entries that are exactly 0", at, control=near)


def _planted(x: np.ndarray, value: float) -> np.ndarray:
    planted = x.copy()
    planted.reshape(-1)[:: max(2, x.size // 4)] = value
    return planted


def _smooth(values: list[np.ndarray | None]) -> bool:
    """Return whether the function takes the values and neither stops nor bends between them."""
    if any(value is None or not np.isfinite(value).all() for value in values):
        return False
    below, at, above = (value for value in values if value is not None)
    there = above != at
    bend, rise = np.abs(above + below - 2 * at), np.abs(above - below)
    slack = np.maximum(_STRAIGHT * rise, _CURVED * (1 + np.abs(at)))
    return bool(there.any() and ((above != at) == (below != at)).all() and (bend <= slack).all())


ZEROS: tuple[Row, ...] = (Row("zeros among positive entries", _crossed),)
"""Values at which a function of positive numbers may well be defined."""
