"""Rows on the length of an axis: other lengths, those beside powers of two, squares."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.resize import follows, places, resized
from softgrad.check.battery.variant import Dial, Row, Variant
from softgrad.check.subject.subject import Subject

__all__ = ["LENGTHS"]

_MOST = 300_000
_LENGTHS = (1025, 257, 65, 17)  # one more than a block of 1024, and of each that divides it
_TILES = (16, 32, 64, 128, 256, 512, 1024)


def _resized(example: Example, old: int, new: int) -> Subject | None:
    """Return the example with every axis of length ``old`` made ``new`` long.

    ``None`` where the function does not take it, or returns other shapes than those expected.
    """
    others = {n for a in example.arrays.values() for n in a.shape} - {old}
    if any(new * n == old for n in others):
        return None  # perhaps new equal parts of n, which parts of one entry would fit by chance
    subject = resized(example, places(example, old), old, new)
    return subject if subject is not None and follows(example, subject, old, new) else None


def _long_rows(example: Example) -> Iterator[Variant]:
    """Try a length that no usual tile divides; then find out which tile it is."""
    main = example.main
    if not main.ndim or not main.shape[-1]:
        return
    old, name = main.shape[-1], example.subject.wrt[0]
    for new in _LENGTHS:
        subject = _resized(example, old, new) if new > old else None
        if subject is None:
            continue

        def at(length: float) -> Subject:
            return _resized(example, old, int(length)) or example.subject

        told = f"the last axis of {name} is"
        dials = [
            Dial(at, tile, tile + 1, f"{told} no multiple of {tile}", whole=True)
            for tile in _TILES
            if old <= tile < new
        ]
        dials.append(Dial(at, old, new, f"{told} {{}} long or longer", whole=True))
        yield Variant(f"{told} {new} long", subject, dials=tuple(dials))
        return


def _other_lengths(example: Example) -> Iterator[Variant]:
    main, name = example.main, example.subject.wrt[0]
    if not main.ndim or not main.shape[-1]:
        return
    old = main.shape[-1]
    square = main.shape[0] if main.ndim > 1 and main.shape[0] > 1 else None
    for new in dict.fromkeys((old + 1, 3, 1, square)):
        if new is None or new == old:
            continue
        subject = _resized(example, old, new)
        if subject is not None:
            told = (
                f"{name} is square" if new == square else f"the last axis of {name} is {new} long"
            )
            yield Variant(told, subject)


def _one_longer(example: Example) -> Iterator[Variant]:
    """Lengthen the last axis of one input alone: the values of attention, a matrix's columns."""
    for name in example.differentiable:
        x = example.arrays[name]
        if x.ndim < 2 or x.size > _MOST:
            continue
        longer = np.concatenate([x, 0.7 * x[..., :1] + 0.1], axis=-1)
        subject = example.with_({name: example.domains[name].keep(longer)})
        if example.value(subject) is None:
            continue
        pairs = zip(subject.outputs, example.shapes, strict=False)
        if any(new != old and new == (*old[:-1], old[-1] + 1) for (new, _), old in pairs if old):
            told = f"the last axis of {name} alone has length {longer.shape[-1]}"
            yield Variant(told, subject)


LENGTHS: tuple[Row, ...] = (
    Row("other lengths", _other_lengths, compiled=1),
    Row("one input longer", _one_longer, compiled=1),
    Row("long rows", _long_rows, compiled=0),
)
