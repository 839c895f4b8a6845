"""Other examples made from the user's: values, parameters, sizes and memory layouts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["Variant", "variants"]

_MOST = 300_000


@dataclass(frozen=True)
class Variant:
    """Another example.

    Parameters
    ----------
    trigger
        What sets it apart, to be read after "when".
    subject
        The example.
    bug
        The name of whatever is wrong only here, where the circumstances give it away.
    """

    trigger: str
    subject: Subject
    bug: str | None = None


def variants(subject: Subject, seed: int) -> Iterator[Variant]:
    """Yield examples that a right derivative must survive."""
    rng = np.random.default_rng(seed)
    yield from _layouts(subject)
    yield from _values(subject, rng)
    yield from _parameters(subject, rng)
    yield from _magnitudes(subject)
    yield from _special(subject)
    yield from _sizes(subject, rng)


def _layouts(subject: Subject) -> Iterator[Variant]:
    if subject.frame.name == "jax":
        return
    for kind in ("fortran", "strided", "offset"):
        if kind != "fortran" or any(len(s) > 1 for s in subject.shapes.values()):
            label = {"fortran": "in Fortran order", "strided": "strided", "offset": "a slice"}[kind]
            yield Variant(f"an input is {label}", subject.replace(layout=kind), "ignores_strides")


def _with(subject: Subject, **arrays: np.ndarray) -> Subject:
    frame = subject.frame
    return subject.replace({k: frame.like(a, subject.inputs[k]) for k, a in arrays.items()})


def _values(subject: Subject, rng: np.random.Generator) -> Iterator[Variant]:
    changed = {}
    for name, x in subject.arrays.items():
        finite = np.isfinite(x)
        shrunk = x * (0.6 + 0.4 * rng.random(x.shape))
        if not x.any():
            shrunk = 0.3 * rng.standard_normal(x.shape)
        changed[name] = np.where(finite, shrunk, x)
    yield Variant("the inputs have other values", _with(subject, **changed))


def _parameters(subject: Subject, rng: np.random.Generator) -> Iterator[Variant]:
    frame = subject.frame
    for name, value in subject.inputs.items():
        if name in subject.wrt:
            continue
        if isinstance(value, float):
            other = 0.1 if value == 0 else value * (0.6 if 0 < value < 1 else 1.3)
            yield Variant(f"{name} is {other:.3g}", subject.replace({name: other}))
        elif frame.is_array(value):
            array = frame.to_numpy(value)
            for label, other in _other_arrays(array, rng):
                changed = subject.replace({name: frame.like(other, value)})
                yield Variant(f"{name} {label}", changed)


def _other_arrays(array: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    if not array.size or array.ndim == 0:
        return
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            return
        if array.ndim > 0 and (array >= 0).all() and np.allclose(array.sum(-1), 1):
            other = np.roll(array, 1, -1)
        elif array.any():
            other = array * (0.6 + 0.4 * rng.random(array.shape))
        else:
            other = 0.3 * rng.standard_normal(array.shape)
        yield "has other values", other
    elif array.dtype.kind == "b":
        if array.ndim > 1:
            other = array.copy()
            other[0] = False
            yield "is false along its first row", other
        yield "is true everywhere", np.ones_like(array)
    elif array.dtype.kind in "iu":
        other = _other_integers(array, rng)
        if other is not None:
            yield "has other values", other


def _other_integers(array: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Return other values in 0 … max; offsets, permutations and one-hot rows are left alone."""
    flat = array.ravel()
    high = int(flat.max())
    offsets = array.ndim == 1 and flat.size > 2 and (np.diff(flat) > 0).all()
    permuted = flat.size > 1 and np.array_equal(np.sort(flat), np.arange(flat.size))
    if high < 1 or offsets or permuted:
        return None
    if high == 1 and array.ndim > 1:
        return np.roll(array, 1, -1)
    drawn = rng.integers(0, high + 1, array.shape)
    places = drawn.reshape(-1)
    places[0] = 0
    if places.size > 2:
        places[1] = 1
        places[-1] = places[-2]
    return np.where(array < 0, array, drawn).astype(array.dtype)


def _magnitudes(subject: Subject) -> Iterator[Variant]:
    tops = (40.0, 1000.0) if subject.eps_in < 1e-12 else (40.0, 120.0)
    for name, x in list(subject.arrays.items())[:3]:
        finite = x[np.isfinite(x)]
        largest, highest = np.abs(finite).max(initial=0.0), finite.max(initial=0.0)
        largest = highest if highest > 0.2 * largest else largest
        if x.ndim == 0 or not largest > 0:
            continue
        for top in tops:
            if top > largest:
                changed = _with(subject, **{name: x * (top / largest)})
                yield Variant(f"{name} is as large as {top:g}", changed)


def _special(subject: Subject) -> Iterator[Variant]:
    for name, x in list(subject.arrays.items())[:3]:
        if x.ndim == 0 or x.size < 2:
            continue
        zero = x.copy()
        zero.reshape(-1)[:: max(2, x.size // 4)] = 0.0
        yield Variant(f"{name} has entries that are exactly 0", _with(subject, **{name: zero}))
        if x.shape[-1] < 2:
            continue
        tied = x.copy()
        finite = np.where(np.isfinite(x), x, -np.inf)
        tied[..., :2] = np.clip(finite.max(-1, keepdims=True), -1e3, 1e3) + 0.5
        yield Variant(f"{name} has ties", _with(subject, **{name: tied}))
        if _are_logits(subject, name):
            masked = x.copy()
            masked[..., -1] = -np.inf
            yield Variant(f"{name} has entries that are −inf", _with(subject, **{name: masked}))


def _are_logits(subject: Subject, name: str) -> bool:
    """Return whether a common shift changes nothing, or the output by as much.

    Such inputs are logits, which people mask with −inf.
    """
    try:
        here = subject.forward()
        there = _with(subject, **{name: subject.arrays[name] + 0.5}).forward()
    except CodeRaised:
        return False
    shift = there - here
    coarse = min(64 * max(subject.eps_in, subject.eps_out), 0.02)
    slack = coarse * (1 + np.abs(here).max(initial=0.0))
    return any(bool((np.abs(shift - by) <= slack).all()) for by in (0.0, 0.5))


def _sizes(subject: Subject, rng: np.random.Generator) -> Iterator[Variant]:
    first = subject.shapes[subject.wrt[0]]
    if first and first[0] > 0 and 3 * subject.n <= _MOST:
        grown = _grown(subject, first[0], rng)
        if _matter(grown, first[0]):
            yield Variant(f"there are {2 * first[0] + 1} samples", grown)
    if not subject.outputs:
        return
    for name, x in subject.arrays.items():
        if x.ndim < 2 or x.size == 0:
            continue
        longer = np.concatenate([x, 0.7 * x[..., :1] + 0.1], axis=-1)
        changed = subject.replace({name: subject.frame.like(longer, subject.inputs[name])})
        yield Variant(f"the last axis of {name} has length {longer.shape[-1]}", changed, "")


def _matter(subject: Subject, count: int) -> bool:
    """Return whether the output depends on the samples from ``count`` on."""
    name = subject.wrt[0]
    moved = subject.arrays[name].copy()
    moved[count:] *= 0.9
    try:
        return not np.array_equal(subject.forward(), _with(subject, **{name: moved}).forward())
    except CodeRaised:
        return False


def _grown(subject: Subject, count: int, rng: np.random.Generator) -> Subject:
    frame, changed = subject.frame, {}
    for name, value in subject.inputs.items():
        if not frame.is_array(value):
            continue
        array = frame.to_numpy(value)
        if array.ndim == 0 or array.shape[0] != count:
            continue
        more = array[np.arange(2 * count + 1) % count]
        if name in subject.wrt:
            more[count:] *= 0.6 + 0.4 * rng.random(more[count:].shape)
        changed[name] = frame.like(more, value)
    return subject.replace(changed)
