"""The strength at which a derivative goes wrong, by bisection."""

import math
from collections.abc import Callable

from softgrad.check.battery.variant import Dial
from softgrad.check.subject.subject import Subject

__all__ = ["threshold"]

_CLOSE = 1.0005  # three digits


def threshold(dial: Dial, seed: int, fails: Callable[[Subject, int], bool]) -> str | None:
    """Return the trigger with the strength in it; ``None`` if this is not the way there."""
    low, high = dial.low, dial.high
    if not fails(dial.at(high), seed) or fails(dial.at(low), seed):
        return None
    while high - low > 1 if dial.whole else high > low * _CLOSE:
        middle = (low + high) // 2 if dial.whole else math.sqrt(low * high)
        if fails(dial.at(middle), seed):
            high = middle
        else:
            low = middle
    return dial.told.format(f"{high:.0f}" if dial.whole else f"{low:.3g}")
