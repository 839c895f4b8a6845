"""What a constant factor stands for: a count, a parameter, or a number people forget."""

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from softgrad.check.measure.instrument import Instrument
from softgrad.check.measure.probe import direction
from softgrad.check.naming.instance import Pair
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject

__all__ = ["explain_factor"]

_USUAL = {"2": 2.0, "ln 2": math.log(2), "ln 10": math.log(10), "π": math.pi, "√2": math.sqrt(2)}


def explain_factor(subject: Subject, pair: Pair, k: float) -> tuple[str, str]:
    """Return the name of a gradient that is k times the right one, and what k stands for.

    What k stands for is said of its size or of the inverse of that.
    """
    slack = max(1e-5, pair.eps)
    told = f"your gradient is {k:.6g} times the right one"
    if abs(k + 1) < max(1e-6, pair.eps):
        return "wrong_sign", "your gradient is the negative of the right one"
    size = abs(k)

    def is_(number: float) -> bool:
        return _close(size, number, slack)

    def says(label: str, number: float) -> str:
        """Return that k is the number, or 1 over it; empty if it is neither."""
        if is_(number):
            return f"{told}; {size:.6g} is {label}"
        return f"{told}; {size:.6g} is {_inverse(label)}" if is_(1 / number) else ""

    for name, value in _parameters(subject):
        for label, number in ((f"{name}²", value**2), (f"√{name}", math.sqrt(value))):
            if "−" not in name and (known := says(label, number)):
                return "param_misapplied", known
        for label, number in ((name, value), (_inverse(name), 1 / value)):
            if is_(number):
                omitted = _multiplies(subject, pair, name) == (label != name)
                bug = "param_ignored" if omitted else "param_misapplied"
                how = f"leaves {name} out" if omitted else f"applies {name} once too often"
                return bug, f"{says(label, number)}: the backward pass {how}"
    for label, value in _counts(subject, pair):
        if known := says(label, value):
            return "wrong_normalizer", known
    for label, value in _USUAL.items():
        if known := says(label, value):
            return "wrong_constant", told if label == "2" else known
    for n in {*pair.x.shape, *(d for s in pair.outputs for d in s)}:
        if n > 1 and (known := says(f"√{n}", math.sqrt(n))):
            return "wrong_constant", f"{known}, the square root of an axis length"
    ratio = _ratio(subject, size) if pair.eps < 1e-4 else None
    if ratio:
        return "wrong_normalizer", f"{told}; {size:.6g} is {ratio}"
    return "wrong_constant", told


def _inverse(label: str) -> str:
    """Return the words for 1 over what has these words."""
    if "/" in label:
        share, comma, where = label.partition(",")
        part, whole = share.split("/")
        return f"{whole}/{part}{comma}{where}"
    if "−" in label:
        return f"1/({label})"
    return f"1 over {label}" if " " in label else f"1/{label}"


def _multiplies(subject: Subject, pair: Pair, name: str) -> bool:
    """Return whether the derivative at 0 grows with a parameter, as that of f(c·x) does.

    That of f(x/T) shrinks; 1/T is then the factor that T leaves behind where it is left out.
    """
    value = subject.inputs.get(name.removeprefix("1 − "))
    if not isinstance(value, float):
        return False
    zero = subject.given(pair.name, np.zeros(pair.x.shape))
    u = np.zeros(subject.n)
    where = subject.slices[pair.name]
    u[where] = direction(np.random.default_rng(0), where.stop - where.start)
    sizes = []
    try:
        for factor in (1.0, 1.1):
            moved = subject.replace({pair.name: zero, name: value * factor})
            gauge = Instrument(moved)
            g = direction(np.random.default_rng(1), gauge.y.size)
            sizes.append(gauge.slope(g, np.zeros(subject.n), u).size)
    except CodeRaised:
        return False
    return sizes[1] > sizes[0] * 1.01


def _close(a: float, b: float, slack: float) -> bool:
    return abs(a - b) < slack * abs(b)


def _parameters(subject: Subject) -> Iterator[tuple[str, float]]:
    for name, value in subject.inputs.items():
        if isinstance(value, bool) or name in subject.wrt:
            continue
        if isinstance(value, (int, float)) or (
            subject.frame.is_floating(value) and np.size(subject.frame.to_numpy(value)) == 1
        ):
            array = subject.frame.to_numpy(value) if subject.frame.is_array(value) else value
            number = abs(float(np.asarray(array).reshape(())))
            if number not in (0.0, 1.0) and math.isfinite(number):
                yield name, number
                if number < 1:
                    yield f"1 − {name}", 1 - number


def _counts(subject: Subject, pair: Pair) -> Iterator[tuple[str, float]]:
    shapes = {pair.x.shape, *pair.outputs}
    for shape in shapes:
        for length in range(1, len(shape) + 1):
            for chosen in combinations(range(len(shape)), length):
                count = math.prod(shape[a] for a in chosen)
                if count > 2 or (count == 2 and 0 in chosen and pair.true.shape[0] == 1):
                    axes = ", ".join(str(a) for a in chosen)
                    yield f"the number of entries along axis {axes}", float(count)
                    if length == 1:
                        where = f", where axis {axes} has {count} entries"
                        part = (count - 1) / count
                        yield f"{count - 1}/{count}{where}", part
    for name, value in subject.inputs.items():
        if name in subject.wrt or not subject.frame.is_array(value):
            continue
        array = subject.frame.to_numpy(value)
        if array.dtype.kind == "b":
            yield f"the number of entries where {name} holds", float(array.sum())
        elif array.dtype.kind == "f" and array.size > 1:
            yield f"the sum of {name}", float(array.sum())
            for other, index in subject.inputs.items():
                picked = _picked(subject, array, index)
                if picked:
                    yield f"the sum of {name}[{other}]", picked
                    yield f"the mean of {name}[{other}]", picked / np.size(index)


def _picked(subject: Subject, weights: np.ndarray, index: object) -> float:
    if weights.ndim != 1 or not subject.frame.is_array(index):
        return 0.0
    places = subject.frame.to_numpy(index)
    if places.dtype.kind not in "iu" or not places.size:
        return 0.0
    inside = places[(places >= 0) & (places < weights.size)]
    return float(weights[inside].sum())


def _ratio(subject: Subject, size: float) -> str | None:
    """Return p/q, or q/p, where an integer or boolean input has q entries or rows."""
    for name, value in subject.inputs.items():
        if not subject.frame.is_array(value):
            continue
        array = subject.frame.to_numpy(value)
        if array.dtype.kind not in "iub":
            continue
        for count in {array.size, *array.shape}:
            part = min(size, 1 / size) * count
            if 0 < part < count and abs(part - round(part)) < 1e-4:
                share = (round(part), count) if size < 1 else (count, round(part))
                return f"{share[0]}/{share[1]}, where {name} has {count} entries"
    return None
