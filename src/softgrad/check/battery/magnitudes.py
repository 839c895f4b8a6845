"""Rows on magnitudes: how large the inputs may be before the derivative breaks."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Dial, Row, Variant
from softgrad.check.subject.subject import Subject

__all__ = ["MAGNITUDES"]

_TOPS = {"coarse": (40.0, 120.0), "float64": (40.0, 1000.0)}  # e^x overflows at 88.7 and 709.8
_SCALED = ("real", "positive", "nonnegative", "negative")


def _large(example: Example) -> Iterator[Variant]:
    """Scale the entries of one sign up, by steps."""
    for name in example.differentiable:
        if example.domains[name].name in _SCALED:
            x = example.arrays[name]
            finite = np.isfinite(x)
            yield from _scaled(example, name, finite & (x > 0), f"entries of {name} exceed ")
            yield from _scaled(example, name, finite & (x < 0), f"entries of {name} are below −")


def _scaled(example: Example, name: str, side: np.ndarray, told: str) -> Iterator[Variant]:
    x = example.arrays[name]
    largest = np.abs(x[side]).max(initial=0.0)

    def at(strength: float) -> Subject:
        return example.with_({name: np.where(side, x * (strength / largest), x)})

    low = largest
    for top in _TOPS["float64" if example.subject.eps_in < 1e-12 else "coarse"]:
        if top > low > 0:
            dial = Dial(at, low, top, told + "{}")
            yield Variant(f"{told}{top:g}", at(top), dials=(dial,))
            low = top


def _tiny(example: Example) -> Iterator[Variant]:
    for name in example.differentiable:
        if example.domains[name].name in ("real", "positive", "nonnegative"):
            small = example.with_({name: example.arrays[name] * 1e-2})
            yield Variant(f"{name} is a hundred times smaller", small)


def _unlikely(example: Example) -> Iterator[Variant]:
    """Log-probabilities so low that e^x is 0, of the same class in every distribution."""
    for name in example.differentiable[:1]:
        domain = example.domains[name]
        if domain.name != "log-probabilities":
            continue
        names = [
            other
            for other, kind in example.domains.items()
            if kind.name == domain.name
            and example.arrays[other].shape == example.arrays[name].shape
        ]

        def at(strength: float, names: list[str] = names) -> Subject:
            lowered = {n: example.arrays[n].copy() for n in names}
            for array in lowered.values():
                array[..., -1] = -strength
            return example.with_({n: example.domains[n].keep(a) for n, a in lowered.items()})

        top = 150.0 if example.subject.eps_in > 1e-12 else 800.0
        told = f"entries of {' and '.join(names)} are below −"
        start = float(-example.arrays[name].min())
        if start < top:
            dial = Dial(at, start, top, told + "{}")
            yield Variant(f"{told}{top:g}", at(top), dials=(dial,))


MAGNITUDES: tuple[Row, ...] = (
    Row("large entries", _large),
    Row("improbable classes", _unlikely),
    Row("tiny entries", _tiny),
)
