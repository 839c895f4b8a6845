"""Rows on sizes: samples, lengths beside powers of two, squares and nothing at all."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Dial, Row, Variant
from softgrad.check.subject.subject import Subject

__all__ = ["SIZES"]

_MOST = 300_000
_MOST_ENTRIES = 20_000  # of all arrays, where a length is chosen freely
_LENGTHS = (1025, 257, 65, 17)  # one more than a block of 1024, and of each that divides it
_TILES = (16, 32, 64, 128, 256, 512, 1024)


# -- the number of samples --------------------------------------------------------------------


def _more_samples(example: Example) -> Iterator[Variant]:
    main = example.main
    if not main.ndim or not main.shape[0] or 3 * main.size > _MOST:
        return
    count = main.shape[0]
    grown = _samples(example, np.arange(2 * count + 1) % count, vary=count)
    if grown and _matter(example, grown, count):
        yield Variant(f"there are {2 * count + 1} samples", grown)


def _one_sample(example: Example) -> Iterator[Variant]:
    main = example.main
    if main.ndim > 1 and main.shape[0] > 1 and (one := _samples(example, np.zeros(1, int))):
        yield Variant("there is one sample", one)


def _no_samples(example: Example) -> Iterator[Variant]:
    if example.main.ndim and example.main.size and (none := _samples(example, np.zeros(0, int))):
        yield Variant("there are no samples", none)


def _samples(example: Example, chosen: np.ndarray, vary: int | None = None) -> Subject | None:
    """Return the example with these samples, those from ``vary`` on with other values."""
    count, changed = example.main.shape[0], {}
    for name, array in example.arrays.items():
        if array.ndim == 0 or array.shape[0] != count:
            continue
        taken = array[chosen]
        if vary is not None and name in example.subject.wrt:
            domain = example.domains[name]
            taken[vary:] = domain.another(taken[vary:], example.rng)
        changed[name] = taken
    subject = example.with_(changed)
    return subject if example.value(subject) is not None else None


def _matter(example: Example, subject: Subject, count: int) -> bool:
    """Return whether the output depends on the samples from ``count`` on."""
    name = subject.wrt[0]
    moved = subject.arrays[name].copy()
    moved[count:] *= 0.9
    changed = subject.replace({name: subject.given(name, moved)})
    there = example.value(changed)
    return there is not None and not np.array_equal(subject.forward(), there)


# -- the length of an axis --------------------------------------------------------------------


def _resized(example: Example, old: int, new: int) -> Subject | None:
    """Return the example with every axis of length ``old`` made ``new`` long.

    ``None`` where the function does not take it, or returns other shapes than those expected.
    """
    if sum(_size(a.shape, old, new) for a in example.arrays.values()) > _MOST_ENTRIES:
        return None
    others = {n for a in example.arrays.values() for n in a.shape} - {old}
    if any(new * n == old for n in others):
        return None  # perhaps new equal parts of n, which parts of one entry would fit by chance
    changed = {}
    for name, array in example.arrays.items():
        made = array
        for axis in np.flatnonzero(np.array(array.shape, int) == old):
            made = np.take(made, np.arange(new) % max(old, 1), axis=int(axis))
        if name in example.domains and made.shape != array.shape:
            made = example.domains[name].another(made, example.rng)
        elif array.dtype.kind in "iu" and new < old and array.size:
            # Perhaps indices along that axis, so they keep their distance from its end: a function
            # may add to them, and need not notice an index that is out of range.
            classes = new - max(old - 1 - int(array.max()), 0)
            if classes < 1:
                return None
            made = np.where(made < 0, made, made % classes)
        if made is not array:
            changed[name] = made
    expected = [tuple(new if n == old else n for n in shape) for shape in example.shapes]
    subject = example.with_(changed)
    value = example.value(subject)
    if value is None or [shape for shape, _ in subject.outputs] != expected:
        return None
    return subject


def _size(shape: tuple[int, ...], old: int, new: int) -> int:
    return int(np.prod([new if n == old else n for n in shape], dtype=float))


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


SIZES: tuple[Row, ...] = (
    Row("more samples", _more_samples),
    Row("one sample", _one_sample, compiled=0),
    Row("other lengths", _other_lengths, compiled=1),
    Row("one input longer", _one_longer, compiled=1),
    Row("long rows", _long_rows, compiled=0),
    Row("no samples", _no_samples, compiled=0),
)
