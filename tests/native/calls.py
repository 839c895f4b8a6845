"""Every kernel's call on given rows, and the truth of each of its outputs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from native.exact import Extended, Logistic, Row, bases, bent, centred, centred_back, weighted
from native.harness import Call
from native.losses import binary_cross_entropy, soft_cross_entropy
from native.measure import Precision, Truth

__all__ = ["GROUPS"]


def _softmax(x: np.ndarray, precision: Precision) -> Iterator[Call]:
    row, n = Row(precision.decode(x)), x.shape[1]

    def p() -> list[Truth]:
        return [Truth("p", row.p, 4)]

    def log_p() -> list[Truth]:
        return [Truth("log p", row.log_p, 3)]

    def lse() -> list[Truth]:
        return [Truth("lse", row.lse[:, 0], 3, row.lse_size[:, 0])]

    empty = (-np.inf,)
    yield Call("softmax", n, [x], (), lambda: [p()])
    yield Call("log_softmax", n, [x], empty, lambda: [log_p()])
    yield Call("log_softmax_fields", n, [x], empty, lambda: [log_p(), p()])
    yield Call("logsumexp", n, [x], (), lambda: [lse()])
    yield Call("logsumexp_fields", n, [x], (), lambda: [lse(), p()])


def _entmax(x: np.ndarray, precision: Precision) -> Iterator[Call]:
    logits, n = precision.decode(x).astype(Extended), x.shape[1]

    def fields(power: int) -> list[list[Truth]]:
        v = bases(logits, power)
        p = np.maximum(v, 0) ** power
        s = np.maximum(v, 0) ** (power - 1) * (v > 0)
        clear = np.abs(v) > 1e-9 * v.max(-1, keepdims=True)  # of the edge of the support
        tops = [np.broadcast_to(a.max(-1, keepdims=True), a.shape) for a in (p, s)]
        return [[Truth("p", p, 4, terms=tops[0])], [Truth("s", s, 4, terms=tops[1], where=clear)]]

    for kernel, power in (("sparsemax", 1), ("entmax15", 2)):
        found = cache(partial(fields, power))
        yield Call(kernel, n, [x], (), lambda found=found: found()[:1])
        yield Call(f"{kernel}_fields", n, [x], (), found)


@dataclass(frozen=True)
class _Asked:
    """What the rows of a cross-entropy are asked for, in the words of its kernel."""

    target: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    share: np.ndarray
    lse_loss: float = 0.0
    lse_share: float = 0.0

    def loss(self, row: Row) -> list[Truth]:
        active = self.target >= 0
        at = np.maximum(self.target, 0)[:, None]
        cost = -np.take_along_axis(row.log_p, at, -1)[:, 0] * self.gain
        cost = cost - (self.offset * row.log_p).sum(-1)
        lse, size = row.lse[:, 0], row.lse_size[:, 0]
        scale = cost + self.lse_loss * (lse**2 + 2 * np.abs(lse) * size)
        value = cost + self.lse_loss * lse**2
        value, scale = (np.where(active, a, 0) for a in (value, scale))
        return [Truth("loss", value, 3, **self._relative_to(scale))]

    def gradient(self, row: Row) -> list[Truth]:
        active = (self.target >= 0)[:, None]
        target = np.maximum(self.target, 0)
        own = np.zeros(row.x.shape, bool)
        np.put_along_axis(own, target[:, None], True, -1)
        gain, share = self.gain[:, None], self.share[:, None]
        plain = row.p * (gain * ~own + self.offset.sum())
        asked = np.where(own, gain * row.without(target), 0) + self.offset
        slope = 2 * self.lse_share * row.p
        value = share * (plain - asked) + slope * row.lse
        scale = np.abs(share) * (plain + asked) + np.abs(slope) * row.lse_size
        value, scale = (np.where(active, a, 0) for a in (value, scale))
        relative = self._relative_to(scale)
        return [
            Truth("gradient at the target", value, 3, where=own, **relative),
            Truth("gradient off the target", value, 4, where=~own, **relative),
        ]

    def _relative_to(self, terms: np.ndarray) -> dict[str, np.ndarray]:
        """Say that terms of both signs meet; they do not where only the target is asked for."""
        return {"terms": terms} if self.offset.any() else {}


def _cross_entropy(x: np.ndarray, precision: Precision) -> Iterator[Call]:
    rows, n = x.shape
    row, rng = Row(precision.decode(x)), np.random.default_rng(n)
    target = np.where(np.arange(rows) % 2, rng.integers(0, n, rows), row.top[:, 0])
    wide = "f8" if precision.name == "float64" else "f4"
    one, none = np.ones(rows), np.zeros(n, Extended)

    def calls(note: str, given: list, constants: tuple, asked: _Asked) -> Iterator[Call]:
        @cache
        def truths() -> list[list[Truth]]:
            return [asked.loss(row), asked.gradient(row)]

        args = [x, asked.target, *given]
        yield Call("cross_entropy", n, args[:-1], constants, lambda: truths()[:1], note)
        yield Call("cross_entropy_grad", n, args, constants, truths, note)

    yield from calls("", [None] * 3, (1, 0, 0, 1, 0, 0), _Asked(target, one, none, one))
    off = 0.1 / n
    smoothed = _Asked(target, 0.9 * one, none + off, 0.5 * one, 0.01, 0.005)
    yield from calls("smoothed", [None] * 3, (0.9, off, n * off, 0.5, 0.01, 0.005), smoothed)
    if n > 5000:
        return
    gains, shares = rng.uniform(0, 2, (2, rows))
    offsets = (rng.uniform(0, 2, n) * (rng.random(n) < 0.8) / n).astype(wide)
    ignored = np.where(np.arange(rows) % 4 == 3, -1, target)
    by_class = _Asked(ignored, gains, offsets.astype(Extended), shares)
    total = float(offsets.sum(dtype="f8"))
    yield from calls("weighted", [gains, offsets, shares], (0, 0, total, 0, 0, 0), by_class)


def _structures(x: np.ndarray, precision: Precision) -> Iterator[Call]:
    (rows, n), logits = x.shape, precision.decode(x)
    rng = np.random.default_rng(n)
    with np.errstate(under="ignore"):
        e = np.exp(logits - logits.max(-1, keepdims=True))
    p = precision.encode(e / e.sum(-1, keepdims=True))
    s = precision.encode(precision.decode(p) * rng.uniform(0.1, 30, (rows, 1)))
    t = precision.encode(rng.standard_normal((rows, n)))
    g = precision.encode(rng.standard_normal(rows))
    live = rng.random((rows, n)) < 0.8

    def wide(a: np.ndarray) -> np.ndarray:
        return precision.decode(a).astype(Extended)

    def one(bound: float, found: tuple[np.ndarray, np.ndarray]) -> list[list[Truth]]:
        return [[Truth("product", found[0], bound, terms=found[1])]]

    def weighing() -> tuple[np.ndarray, np.ndarray]:
        value, terms = weighted(wide(s), wide(t))
        return value, terms + np.ldexp(wide(s), precision.work.lowest)  # the mean may underflow

    def centring(mask: np.ndarray | None, formula: Callable) -> list[list[Truth]]:
        return one(2, formula(wide(p), wide(t), True if mask is None else mask))

    yield Call("weighted_centering", n, [s, t], (), lambda: one(3, weighing()))
    for name, formula in {"centering": centred, "centering_transposed": centred_back}.items():
        for mask in (None, live):
            truths = partial(centring, mask, formula)
            yield Call(name, n, [p, t, mask], (), truths, "" if mask is None else "masked")
    ds = precision.encode(precision.decode(s) * rng.standard_normal((rows, n)))
    given = [wide(a) for a in (s, ds, t)]
    yield Call("weighted_centering_bend", n, [s, ds, t], (), lambda: one(4, bent(*given)))
    for mask in (None, live):
        sums = [np.where(mask is None or mask, a, 0).sum(-1) for a in (wide(t), abs(wide(t)))]
        back = tuple(-wide(ds) * total[:, None] for total in sums)
        truths = partial(one, 1.5, (back[0], abs(back[1])))
        yield Call("centering_bend_transposed", n, [ds, t, mask], (), truths)
    product = wide(p) * wide(t)
    sums = product.sum(-1), np.abs(product).sum(-1)
    yield Call("functional", n, [p, t], (), lambda: one(1.5, sums))
    scaled = wide(p) * wide(g)[:, None]
    yield Call("functional_transposed", n, [p, g], (), lambda: [[Truth("product", scaled, 0.5)]])
    if n > 130:
        return
    matrix = wide(s)[:, :, None] * wide(t)[:, None, :]
    matrix[:, range(n), range(n)] = wide(p)
    yield Call("dyads", n, [s, t, p], (), lambda: [[Truth("entry", matrix, 0.5)]])


def _elementwise(x: np.ndarray, precision: Precision) -> Iterator[Call]:
    at = Logistic(precision.decode(x))
    fields = {
        "sigmoid": ("up", "slope", "tilt"),
        "log_sigmoid": ("log_up", "down", "up"),
        "softplus": ("cost", "up", "down"),
    }

    for kernel, names in fields.items():
        truths = [[Truth(name, getattr(at, name), 4)] for name in names]
        yield Call(kernel, 1, [x], (), lambda truths=truths: truths[:1])
        yield Call(f"{kernel}_fields", 1, [x], (), lambda truths=truths: truths)
    t = precision.encode(np.random.default_rng(3).standard_normal(x.shape))
    exact = at.x * precision.decode(t)
    yield Call("diagonal", 1, [x, t], (), lambda: [[Truth("product", exact, 0.5)]])


GROUPS: dict[str, Callable[[np.ndarray, Precision], Iterator[Call]]] = {
    "softmax": _softmax,
    "entmax": _entmax,
    "cross_entropy": _cross_entropy,
    "soft cross_entropy": soft_cross_entropy,
    "binary cross_entropy": binary_cross_entropy,
    "structures": _structures,
    "elementwise": _elementwise,
}
"""Kernels that share their rows and their truth."""
