"""Whole-number parameters: a stride, a window, a number of groups, an offset."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Variant

__all__ = ["Near", "neighbours", "whole"]

_SMALL = 64  # a seed or a size is not doubled


@dataclass(frozen=True)
class Near:
    """A number near the example's that nobody said the parameter may be."""

    value: int


def neighbours(current: int) -> Iterator[Near]:
    """Yield the example's number made larger, twice as large, and smaller.

    A negative one stands for something else, and stays; a step of 0 would never end.
    """
    if current >= 0:
        smaller = (current - 1, 1, current // 2) if current <= _SMALL else (current - 1,)
        larger = (current + 1, max(2 * current, 2)) if current <= _SMALL else (current + 1,)
        yield from (Near(n) for n in dict.fromkeys((*larger, *smaller)) if 0 < n != current)


def whole(example: Example) -> Iterator[Variant]:
    """Yield the example with other whole numbers, where the value is another one with them."""
    for name, values in example.choices.items():
        near = [each.value for each in values if isinstance(each, Near)]
        if not near:
            continue
        larger = [n for n in near if n >= near[0]]
        found = {n: _value(example, name, n) for n in larger}
        # More terms or iterations than are needed: what counts on the limit is wrong with fewer.
        if any(example.same(value, example.output) for value in found.values()):
            continue
        # An index beyond the last entry, which some libraries take for the last one.
        beyond = _value(example, name, larger[-1] + 1)
        for n in near:
            value = found[n] if n in found else _value(example, name, n)
            if value is None or not value.size or example.same(value, example.output):
                continue
            if n in found and example.same(value, beyond):
                continue
            changed = example.subject.replace({name: n})
            yield Variant(f"{name} is {n}", changed, foreign=True)


def _value(example: Example, name: str, n: int) -> np.ndarray | None:
    return example.value(example.subject.replace({name: n}))
