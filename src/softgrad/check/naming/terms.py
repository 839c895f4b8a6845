"""The usual terms of gradients, as arrays with a way to write them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from softgrad.check.naming.instance import Instance, Pair

__all__ = ["TARGETED", "Term", "distinct", "terms", "written"]

TARGETED = " Σtarget"


@dataclass(frozen=True)
class Term:
    """A product ``lead ∘ core``: a quantity times the upstream gradient or a sum of it."""

    lead: str
    core: str

    def __str__(self) -> str:
        """Return the term as one would write it."""
        if not self.lead:
            return self.core
        return f"{self.core}∘{self.lead}" if self.core == "g" else f"{self.lead}∘{self.core}"


def written(weights: Mapping[Term, float]) -> str:
    """Return a weighted sum of terms, with what they all share in front."""
    leads = {term.lead for term in weights}
    lead = leads.pop() if len(leads) == 1 and len(weights) > 1 else ""
    parts = []
    for term, weight in weights.items():
        number = "" if abs(abs(weight) - 1) < 1e-5 else f"{abs(weight):.4g}·"
        parts.append(f"{'−' if weight < 0 else '+'} {number}{term.core if lead else term}")
    total = " ".join(parts).removeprefix("+ ").replace("− ", "−", parts[0].startswith("−"))
    return f"{lead}∘({total})" if lead else total


def terms(instance: Instance, p: Pair, gs: list[np.ndarray]) -> dict[Term, np.ndarray]:
    """Return candidate terms, each stacked over the upstream gradients, duplicates dropped."""
    if p.y is None or p.x.ndim == 0:
        return {}
    stacked: dict[Term, list[np.ndarray]] = {}
    with np.errstate(all="ignore"):
        for g in gs:
            for name, value in _for_one(instance, p, g.reshape(p.y.shape)):
                stacked.setdefault(name, []).append(np.broadcast_to(value, p.x.shape).ravel())
    return distinct((name, np.concatenate(parts)) for name, parts in stacked.items())


def distinct(found: Iterable[tuple[Term, np.ndarray]]) -> dict[Term, np.ndarray]:
    """Return the terms as flat arrays, finite and none of them a multiple of one before."""
    kept: dict[Term, np.ndarray] = {}
    units: list[np.ndarray] = []
    for term, values in found:
        flat = np.ravel(values)
        size = float(np.linalg.norm(flat))
        if not np.isfinite(size) or size == 0:
            continue
        unit = flat / size
        if not units or np.abs(np.abs(np.stack(units) @ unit) - 1).min() > 1e-9:
            units.append(unit)
            kept[term] = flat
    return kept


def _for_one(instance: Instance, p: Pair, g: np.ndarray) -> Iterator[tuple[Term, np.ndarray]]:
    y = p.y
    assert y is not None
    values = _quantities(instance, p)
    if y.shape != p.x.shape:
        spread = g if g.ndim == 0 else _spread(g, p.x.shape)
        if spread is not None:
            yield Term("", "g"), np.broadcast_to(spread, p.x.shape)
            for a, u in values.items():
                yield Term(a, "g"), spread * u
        return
    yield Term("", "g"), g
    for a, u in values.items():
        yield Term(a, "g"), g * u
        yield Term(f"{a}²", "g"), g * u * u
        yield Term(f"{a}∘(1 − {a})", "g"), g * u * (1 - u)
    powers = {f"{a}²": u * u for a, u in values.items() if a[0] != "["}
    powers["√y"] = np.sqrt(np.abs(y))
    yield Term("√y", "g"), g * powers["√y"]
    for axes, over in _sums(p):
        total = {"Σg": g.sum(axes, keepdims=True)}
        total |= {f"⟨g,{b}⟩": (g * v).sum(axes, keepdims=True) for b, v in values.items()}
        for core, number in total.items():
            yield Term("", core + over), number
            for a, u in values.items():
                yield Term(a, core + over), u * number
        for a, u in (values | powers).items():
            mean = (g * u).sum(axes, keepdims=True) / u.sum(axes, keepdims=True)
            yield Term(a, f"⟨g,{a}⟩/Σ{a}{over}"), u * mean
            yield Term("", f"⟨g,{a}⟩/Σ{a}{over}"), mean
        for a, u in powers.items():
            yield Term(a, f"Σg{over}"), u * g.sum(axes, keepdims=True)
            yield Term(a, f"⟨g,{a}⟩{over}"), u * (g * u).sum(axes, keepdims=True)


def _sums(p: Pair) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the axes that sums may run over: what the function couples, and what the claim does."""
    shape = p.y.shape + p.x.shape if p.y is not None else ()
    seen = []
    for coupled in (p.live, p.filled):
        index = np.argwhere(coupled.reshape(shape))
        n = p.x.ndim
        axes = tuple(a for a in range(n) if (index[:, a] != index[:, n + a]).any())
        if axes and axes not in seen:
            seen.append(axes)
            plain = len(seen) == 1 and axes == (n - 1,)
            listed = ", ".join(str(a) for a in axes)
            some = f" over {'axis' if len(axes) == 1 else 'axes'} {listed}"
            yield axes, "" if plain else " over all" if len(axes) == n else some


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
    if p.y is not None and p.y.shape == x.shape:
        support = {} if p.y.all() else {"[y > 0]": (p.y > 0).astype(float)}
        exp = np.exp(np.minimum(p.y, 50.0))
        return {"y": p.y, "exp(y)": exp, "x": x, "softmax(x)": _softmax(x)} | support
    found = {"x": x, "softmax(x)": _softmax(x)}
    found["softmax(softmax(x))"] = _softmax(found["softmax(x)"])
    found["softmax(x)²"] = found["softmax(x)"] ** 2
    found["onehot(argmax x)"] = (x == x.max(-1, keepdims=True)).astype(float)
    subject = instance.subject
    for name, value in subject.inputs.items():
        if name == p.name or not subject.frame.is_array(value):
            continue
        array = subject.frame.to_numpy(value)
        if array.shape == x.shape and array.dtype.kind in "fiub":
            array = array.astype(float)
            found[name] = array
            found[f"softmax(x){TARGETED}"] = _softmax(x) * array.sum(-1, keepdims=True)
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
