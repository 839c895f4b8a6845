"""What a varying factor is made of: a quantity too many, one too few, or one for another."""

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from softgrad.check.naming.instance import Pair
from softgrad.check.naming.quantities import on_axes
from softgrad.check.subject.subject import Subject

__all__ = ["explained"]

_SLACK = 1e-6

Form = Callable[[np.ndarray], np.ndarray]


def _sigmoid(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-v))


# Each with what is its complement, where people take one for the other.
_SWAPPED: dict[str, tuple[str, Form]] = {
    "{v} in place of 1 − {v}": ("wrong_variable", lambda v: v / (1 - v)),
    "1 − {v} in place of {v}": ("wrong_variable", lambda v: (1 - v) / v),
    "exp(−{v}) in place of 1 − exp(−{v})": ("wrong_variable", lambda v: 1 / np.expm1(v)),
    "1 − exp(−{v}) in place of exp(−{v})": ("wrong_variable", np.expm1),
    "exp({v}) in place of 1 − exp({v})": ("wrong_variable", lambda v: -1 / np.expm1(-v) - 1),
}

_FORMS: dict[str, Form] = {
    "{v}": lambda v: v,
    "{v}²": np.square,
    "1 − {v}": lambda v: 1 - v,
    "1 − {v}²": lambda v: 1 - v * v,
    "{v}∘(1 − {v})": lambda v: v * (1 - v),
    "√{v}": np.sqrt,
    "exp({v})": np.exp,
    "σ({v})": _sigmoid,
    "σ(−{v})": lambda v: _sigmoid(-v),
    "{v}∘σ({v})": lambda v: v * _sigmoid(v),
    "tanh({v})": np.tanh,
    "1 − tanh²({v})": lambda v: 1 - np.tanh(v) ** 2,
    "|{v}|": np.abs,
    "sign({v})": np.sign,
}


def explained(
    subject: Subject, p: Pair, factor: np.ndarray, used: np.ndarray
) -> tuple[str, str] | None:
    """Return the name and the words for claim = factor × truth, if the factor is known.

    ``factor`` lies on some axes of output and input; only where ``used`` holds it counts.
    """
    if np.ptp(factor[used]) <= 1e-4 * np.abs(factor[used]).max():
        return None
    values = on_axes(subject, p, factor.shape)

    def is_(other: np.ndarray) -> bool:
        a, b = factor[used], other[used]
        return bool(np.isfinite(b).all() and np.abs(a - b).max() <= _SLACK * np.abs(b).max())

    with np.errstate(all="ignore"):
        for bug, told, other in _single(subject, values):
            if is_(other):
                return bug, told
        for (a, (_, u)), (b, (_, v)) in permutations(values.items(), 2):
            if is_(u / v):
                return "wrong_variable", f"{a} stands where {b} belongs"
            if is_(-u / v):
                return "wrong_variable", f"−{a} stands where {b} belongs"
    return None


def _single(
    subject: Subject, values: dict[str, tuple[str, np.ndarray]]
) -> Iterator[tuple[str, str, np.ndarray]]:
    for label, (name, v) in values.items():
        for words, (bug, swap) in _SWAPPED.items():
            yield bug, words.format(v=label), swap(v)
        for words, form in _FORMS.items():
            written = words.format(v=label)
            missing, twice = _names(subject, name, label)
            yield missing, f"the factor {written} is left out", 1 / form(v)
            yield twice, f"the factor {written} is applied once too often", form(v)


def _names(subject: Subject, name: str, label: str) -> tuple[str, str]:
    """Return what a factor left out and one too many are called."""
    if name in subject.wrt or name not in subject.inputs:
        return "missing_chain_factor", "missing_chain_factor"
    if label.startswith("(sum"):
        return "wrong_normalizer", "wrong_normalizer"
    return "param_ignored", "param_misapplied"
