"""Smaller examples of the same function: fewer samples, shorter rows."""

from collections.abc import Iterator

import numpy as np

from softgrad.check.locate.columns import MOST_COLUMNS
from softgrad.check.naming.instance import MOST_OUTPUTS
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["smaller"]

_SAMPLES = 6
_LENGTH = 24


def smaller(subject: Subject) -> Iterator[Subject]:
    """Yield examples small enough to be measured entry by entry, if the function takes them."""
    for samples, length in ((_SAMPLES, None), (None, _LENGTH), (_SAMPLES, _LENGTH)):
        changed = _cut(subject, samples, length)
        if not changed:
            continue
        less = subject.replace(changed)
        try:
            y = less.forward()
        except CodeRaised:
            continue
        widest = max(int(np.prod(shape)) for shape in less.shapes.values())
        if y.size <= MOST_OUTPUTS and widest <= MOST_COLUMNS and np.isfinite(y).any():
            yield less


def _cut(subject: Subject, samples: int | None, length: int | None) -> dict[str, object]:
    """Return the arrays that have the main input's first or last axis, cut along it."""
    shape = subject.shapes[subject.wrt[0]]
    frame, changed = subject.frame, {}
    if not shape:
        return changed
    for name, value in subject.inputs.items():
        if not frame.is_array(value):
            continue
        array = frame.to_numpy(value)
        if array.ndim == 0:
            continue
        if samples is not None and array.shape[0] == shape[0] > samples and len(shape) > 1:
            array = array[:samples]
        if length is not None and array.shape[-1] == shape[-1] > length:
            array = array[..., :length]
        elif length is not None and array.dtype.kind in "iu" and shape[-1] > length:
            array = np.where(array < 0, array, array % length).astype(array.dtype)
        if array.shape != np.shape(value):
            changed[name] = frame.like(np.ascontiguousarray(array), value)
        elif array.dtype.kind in "iu":
            changed[name] = frame.like(array, value)
    cut = {k for k, v in changed.items() if np.shape(v) != np.shape(subject.inputs[k])}
    return changed if cut else {}
