"""Rows on labels, indices and masks: which samples count, and for which class."""

from collections.abc import Iterator
from itertools import chain

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant

__all__ = ["LABELS"]

_IGNORED = (-1, -100, 255)  # what people write for "no label"
_ODD = (-7, 3)  # an index that nobody writes; how far another one lies beyond the last class


def _integers(example: Example) -> Iterator[tuple[str, np.ndarray]]:
    for name in example.constant:
        array = example.arrays[name]
        if array.dtype.kind in "iu" and not _is_structure(array):
            yield name, array


def _is_structure(array: np.ndarray) -> bool:
    """Return whether the integers are offsets, a permutation or constant, not free labels."""
    flat = array.ravel()
    offsets = array.ndim == 1 and flat.size > 2 and bool((np.diff(flat) > 0).all())
    permuted = flat.size > 1 and np.array_equal(np.sort(flat), np.arange(flat.size))
    return int(flat.max()) < 1 or offsets or permuted


def _one_hot(array: np.ndarray) -> bool:
    return array.ndim > 1 and int(array.max()) == 1 and bool((array.sum(-1) == 1).all())


def _other_labels(example: Example) -> Iterator[Variant]:
    """Draw labels from 0 … the largest, one of them twice; what is negative stays."""
    for name, array in _integers(example):
        if array.ndim > 1 and array.max() == 1:
            drawn = np.roll(array, 1, -1)
        else:
            drawn = example.rng.integers(0, int(array.max()) + 1, array.shape)
            flat = drawn.reshape(-1)
            flat[0] = 0
            if flat.size > 2:
                flat[1], flat[-1] = 1, flat[-2]
        other = np.where(array < 0, array, drawn).astype(array.dtype)
        yield Variant(f"{name} has other values", example.with_({name: other}))


def _one_class(example: Example) -> Iterator[Variant]:
    for name, array in _integers(example):
        if not _one_hot(array):
            same = np.where(array < 0, array, array.max()).astype(array.dtype)
            yield Variant(f"all of {name} are equal", example.with_({name: same}))


def _ignored(example: Example) -> Iterator[Variant]:
    """Give a third of the samples the label that the function treats as none."""
    for name, array in _integers(example):
        if array.size < 2 or _one_hot(array) or array.shape != example.main.shape[: array.ndim]:
            continue
        label = _ignored_label(example, name)
        if label is not None:
            told = f"entries of {name} are {label} (ignored)"
            yield Variant(told, example.with_({name: _marked(array, label)}))
            none = example.with_({name: np.full_like(array, label)})
            value = example.value(none)
            if value is not None and np.isfinite(value).all():
                yield Variant(f"all of {name} are {label} (ignored)", none)


def _marked(array: np.ndarray, label: int) -> np.ndarray:
    marked = array.copy()
    marked.reshape(-1)[1::3] = label
    return marked


def _ignored_label(example: Example, name: str) -> int | None:
    """Return the label that a function treats as none.

    A function that ignores whatever is no class, as a comparison with 0, 1, 2 … does, has only
    left the case open; so there must be another such label that it does not ignore.
    """
    array, top = example.arrays[name], int(example.arrays[name].max())
    parameters = (*example.subject.inputs.values(), *chain(*example.choices.values()))
    named = [value for value in parameters if type(value) is int]
    if _ignores(example, name, None):
        return None
    odd = (_ODD[0], top + 1 + _ODD[1] + example.main.shape[-1])
    if all(_ignores(example, name, label) for label in odd):
        return None
    for label in dict.fromkeys((*_IGNORED, *named)):
        free = not 0 <= label <= top or label not in array
        if free and _ignores(example, name, label):
            return label
    return None


def _ignores(example: Example, name: str, label: int | None) -> bool:
    """Return whether the output is finite and does not depend on the samples of this label."""
    array = example.arrays[name]
    changed = {} if label is None else {name: _marked(array, label)}
    here = example.value(example.with_(changed))
    if here is None or not np.isfinite(here).all():
        return False
    main = example.main.copy()
    where = _marked(np.zeros(array.shape, int), 1) == 1
    main[where] = 0.5 * main[where] + 0.25
    there = example.value(example.with_({**changed, example.subject.wrt[0]: main}))
    return there is not None and np.array_equal(here, there)


def _probabilities(example: Example) -> Iterator[Variant]:
    """Replace class indices by one-hot rows, where that makes no difference to the value."""
    x, subject = example.main, example.subject
    for name, array in _integers(example):
        if array.shape != x.shape[:-1] or not x.ndim or array.min() < 0:
            continue
        if array.max() >= x.shape[-1]:
            continue
        rows = np.eye(x.shape[-1])[array]
        like = subject.inputs[subject.wrt[0]]
        one_hot = subject.replace({name: subject.frame.like(rows, like)})
        if not example.same(example.value(one_hot), example.output):
            continue
        soft = subject.replace({name: subject.frame.like(0.8 * rows + 0.2 / x.shape[-1], like)})
        yield Variant(f"{name} holds probabilities instead of class indices", soft)


def _masks(example: Example) -> Iterator[Variant]:
    for name in example.constant:
        array = example.arrays[name]
        if array.dtype.kind != "b":
            continue
        other = example.rng.random(array.shape) < 0.6
        other[..., 0] = True
        yield Variant(f"{name} has another pattern", example.with_({name: other}))
        if array.ndim > 1:
            none = array.copy()
            none[0] = False
            whole = f"{name} is false along its first row"
            yield Variant(whole, example.with_({name: none}))
        if not array.all():
            full = example.with_({name: np.ones_like(array)})
            yield Variant(f"{name} is true everywhere", full)


def _additive_masks(example: Example) -> Iterator[Variant]:
    """Move the −inf entries of an additive mask."""
    for name in example.constant:
        array = example.arrays[name]
        if array.dtype.kind == "f" and np.isneginf(array).any() and array.shape[-1] > 1:
            rolled = example.with_({name: np.roll(array, 1, -1)})
            yield Variant(f"{name} masks other entries", rolled)


LABELS: tuple[Row, ...] = (
    Row("other labels", _other_labels),
    Row("ignored labels", _ignored),
    Row("labels of one class", _one_class),
    Row("labels as probabilities", _probabilities),
    Row("masks", _masks),
    Row("additive masks", _additive_masks),
)
