"""Rows on parameters: the other values they may take."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant
from softgrad.check.battery.whole import Near, whole

__all__ = ["PARAMETERS"]


def _parameters(example: Example) -> Iterator[Variant]:
    for name, values in example.choices.items():
        for value in values:
            if isinstance(value, Near):
                continue
            told = f"{value:.3g}" if isinstance(value, float) else _told(value)
            changed = example.subject.replace({name: value})
            # What changes the derivative alone, as scaling by frequency does, is no error.
            value = example.value(changed)
            if value is not None and not np.array_equal(value, example.output):
                yield Variant(f"{name} is {told}", changed, foreign=True)


def _told(value: object) -> str:
    return f"an array of shape {value.shape}" if hasattr(value, "shape") else repr(value)


PARAMETERS: tuple[Row, ...] = (
    Row("parameters", _parameters),
    Row("whole numbers", whole, compiled=2),
)
