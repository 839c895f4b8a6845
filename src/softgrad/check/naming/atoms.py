"""Formulas: the true and the claimed gradient as short sums of the usual terms."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from softgrad.check.naming.instance import Instance, Pair
from softgrad.check.report.finding import Finding

__all__ = ["compare_formulas"]

_MOST_TERMS = 3
_EXACT = 1e-6
_TARGETED = " Σtarget"


def compare_formulas(instance: Instance, p: Pair) -> Finding | None:
    """Write both gradients as sums of at most three terms and compare the sums."""
    gs = instance.cotangents(3)
    true = np.concatenate([g @ p.true for g in gs])
    claimed = np.concatenate([g @ p.claimed for g in gs])
    terms = _terms(instance, p, gs)
    if not terms:
        return None
    names = list(terms)
    matrix = np.stack([terms[name] for name in names], axis=1)
    right = _express(matrix, true)
    if right is None:
        return None
    wrong = _express(matrix, claimed, prefer=set(right))
    if wrong is None:
        return _difference(p, matrix, names, claimed - true)
    return _compare(p, names, right, wrong)


def _express(
    matrix: np.ndarray, target: np.ndarray, prefer: set[int] | None = None
) -> dict[int, float] | None:
    """Return the shortest exact sum of columns, the ones in ``prefer`` first."""
    size = float(np.linalg.norm(target))
    if size == 0:
        return None
    order = sorted(range(matrix.shape[1]), key=lambda k: k not in (prefer or set()))
    columns = matrix[:, order]
    gram, moment = columns.T @ columns, columns.T @ target
    for count in range(1, _MOST_TERMS + 1):
        for chosen in combinations(range(len(order)), count):
            pick = list(chosen)
            try:
                weights = np.linalg.solve(gram[np.ix_(pick, pick)], moment[pick])
            except np.linalg.LinAlgError:
                continue
            square = size**2 - float(weights @ moment[pick])
            if square > 1e-6 * size**2 or not np.isfinite(square):
                continue
            left = float(np.linalg.norm(columns[:, pick] @ weights - target))
            if left < _EXACT * size and np.abs(weights).min() > 1e-7:
                return {order[k]: float(w) for k, w in zip(pick, weights, strict=True)}
    return None


def _compare(
    p: Pair, names: list[str], right: dict[int, float], wrong: dict[int, float]
) -> Finding | None:
    shown = f"your gradient is {_written(names, wrong)}; right is {_written(names, right)}"
    common = set(right) & set(wrong)
    if common == set(right) == set(wrong):
        off = [k for k in common if abs(wrong[k] - right[k]) > 1e-5 * abs(right[k])]
        if off and all(abs(wrong[k] + right[k]) < 1e-5 * abs(right[k]) for k in off):
            return p.finding("wrong_sign", shown)
        return p.finding("wrong_constant", shown) if off else None
    if not all(abs(wrong[k] - right[k]) < 1e-5 * abs(right[k]) for k in common) and len(common) < 2:
        return None
    if set(wrong) < set(right) or set(right) < set(wrong):
        return p.finding("missing_term", shown)
    only_right, only_wrong = set(right) - common, set(wrong) - common
    if len(only_right) == len(only_wrong) == 1:
        a, b = names[only_right.pop()], names[only_wrong.pop()]
        if a == b + _TARGETED:
            return p.finding("assumes_normalized_target", shown)
        return p.finding("wrong_variable", shown)
    return None


def _difference(p: Pair, matrix: np.ndarray, names: list[str], gap: np.ndarray) -> Finding | None:
    extra = _express(matrix, gap)
    if extra is None or len(extra) > 2:
        return None
    return p.finding(
        "missing_term", f"your gradient minus the right one is {_written(names, extra)}"
    )


def _written(names: list[str], weights: dict[int, float]) -> str:
    parts = []
    for k, w in weights.items():
        sign = "−" if w < 0 else "+"
        number = "" if abs(abs(w) - 1) < 1e-5 else f"{abs(w):.4g}·"
        parts.append(f"{sign} {number}{names[k]}")
    return " ".join(parts).removeprefix("+ ")


def _terms(instance: Instance, p: Pair, gs: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return candidate terms, each stacked over the upstream gradients, duplicates dropped."""
    if p.y is None or p.x.ndim == 0:
        return {}
    stacked: dict[str, list[np.ndarray]] = {}
    for g in gs:
        for name, value in _for_one(instance, p, g.reshape(p.y.shape)):
            stacked.setdefault(name, []).append(np.broadcast_to(value, p.x.shape).ravel())
    found: dict[str, np.ndarray] = {}
    for name, parts in stacked.items():
        vector = np.concatenate(parts)
        size = float(np.linalg.norm(vector))
        if not np.isfinite(size) or size == 0:
            continue
        alike = (
            abs(abs(float(vector @ other)) - size * np.linalg.norm(other))
            < 1e-9 * size * np.linalg.norm(other)
            for other in found.values()
        )
        if not any(alike):
            found[name] = vector
    return found


def _for_one(instance: Instance, p: Pair, g: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    x, y = p.x, p.y
    assert y is not None
    values = _quantities(instance, p)
    if y.shape == x.shape:

        def total(v: np.ndarray) -> np.ndarray:
            return v.sum(-1, keepdims=True)

        yield "g", g
        for a, u in values.items():
            yield f"g∘{a}", g * u
            for b, v in values.items():
                yield f"{a} ⟨g,{b}⟩", u * total(g * v)
            yield f"{a} Σg", u * total(g)
            yield f"⟨g,{a}⟩", total(g * u)
        for a in ("y", "x"):
            yield f"g∘{a}²", g * values[a] ** 2
        yield "Σg", total(g)
        return
    spread = g if g.ndim == 0 else _spread(g, x.shape)
    if spread is None:
        return
    yield "g", np.broadcast_to(spread, x.shape)
    for a, u in values.items():
        yield f"g·{a}", spread * u


def _spread(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    for axis in reversed(range(len(shape))):
        if shape[:axis] + shape[axis + 1 :] == g.shape:
            return np.expand_dims(g, axis)
        if (*shape[:axis], 1, *shape[axis + 1 :]) == g.shape:
            return g
    return None


def _quantities(instance: Instance, p: Pair) -> dict[str, np.ndarray]:
    """Return arrays of the input's shape that formulas are made of."""
    x = p.x
    found = {"x": x, "softmax(x)": _softmax(x)}
    if p.y is not None and p.y.shape == x.shape:
        found["y"] = p.y
        found["exp(y)"] = np.exp(np.minimum(p.y, 50.0))
        return found
    found["softmax(softmax(x))"] = _softmax(_softmax(x))
    found["onehot(argmax x)"] = (x == x.max(-1, keepdims=True)).astype(float)
    subject = instance.subject
    for name, value in subject.inputs.items():
        if name == p.name or not subject.frame.is_array(value):
            continue
        array = subject.frame.to_numpy(value)
        if array.shape == x.shape and array.dtype.kind in "fiub":
            array = array.astype(float)
            found[name] = array
            found[f"softmax(x){_TARGETED}"] = _softmax(x) * array.sum(-1, keepdims=True)
        elif array.dtype.kind in "iu" and array.shape == x.shape[:-1]:
            hot = np.arange(x.shape[-1]) == array[..., None]
            inside = ((array >= 0) & (array < x.shape[-1]))[..., None]
            found[f"onehot({name})"] = hot.astype(float)
            found[f"softmax(x) where {name} is a class"] = _softmax(x) * inside
    for name, value in list(found.items()):
        if name != "x":
            found[f"x∘{name}"] = x * value
    return found


def _softmax(x: np.ndarray) -> np.ndarray:
    shifted = np.exp(x - np.max(np.where(np.isfinite(x), x, -np.inf), -1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)
