"""What is right, in extended precision, and how far a result is from it.

The inputs are those of :mod:`bench.kernels.cases`, exactly; the results are NumPy's longdouble,
whose 64 bits of mantissa are enough to judge 53.
"""

from dataclasses import dataclass

import ml_dtypes
import numpy as np
from bench.kernels.cases import Case, logits, probabilities, target, upstream

__all__ = ["TRUTHS", "Truth", "ulps"]

Rows = np.ndarray


@dataclass(frozen=True)
class Truth:
    """The right result, NaN where none is asked for; errors are measured by ``scale`` if given.

    A sum of terms of both signs may come out small by chance, and no rounding error with it: there
    the scale is the size of what is summed.
    """

    value: Rows
    scale: Rows | None = None
    part: int = 0
    """Which of the call's results it is."""


def wide(x: Rows) -> Rows:
    """Return the same numbers in extended precision."""
    return x.astype(np.longdouble)


def ulps(found: Rows, truth: Truth, case: Case) -> float:
    """Return the largest error in units of the last place of the case's dtype."""
    info = ml_dtypes.finfo(case.kind)
    asked = ~np.isnan(truth.value)
    value, found = truth.value[asked], wide(found).reshape(truth.value.shape)[asked]
    size = np.maximum(np.abs(value), np.longdouble(info.smallest_normal))
    if truth.scale is not None:
        size = np.maximum(size, truth.scale[asked])
    unit = np.ldexp(np.longdouble(1), np.frexp(size)[1] - 1 - info.nmant)
    error = np.abs(found - value) / unit
    return float(np.where(np.isnan(error), np.inf, error).max())


def _exponentials(case: Case) -> tuple[Rows, Rows]:
    """Return the logits less their maximum, and the exponentials of that."""
    below = wide(logits(case))
    below -= below.max(-1, keepdims=True)
    return below, np.exp(below)


def softmax(case: Case) -> Truth:
    """Return e / Σe."""
    e = _exponentials(case)[1]
    return Truth(e / e.sum(-1, keepdims=True))


def _log_sum(below: Rows, e: Rows) -> Rows:
    """Return log Σe from the others than one maximum."""
    top = below.argmax(-1, keepdims=True)
    others = e.copy()
    np.put_along_axis(others, top, 0, -1)
    return np.log1p(others.sum(-1, keepdims=True))


def log_softmax(case: Case) -> Truth:
    """Return x − max − log Σe."""
    below, e = _exponentials(case)
    return Truth(below - _log_sum(below, e))


def logsumexp(case: Case) -> Truth:
    """Return max + log Σe."""
    top = wide(logits(case)).max(-1, keepdims=True)
    return Truth((top + _log_sum(*_exponentials(case)))[..., 0])


def loss(case: Case) -> Truth:
    """Return −log p of each row's target."""
    return Truth(-np.take_along_axis(log_softmax(case).value, target(case)[..., None], -1)[..., 0])


def gradient_off_target(case: Case) -> Truth:
    """Return the gradient of the mean loss, the targets' entries left out."""
    p = softmax(case).value / target(case).size
    np.put_along_axis(p, target(case)[..., None], np.nan, -1)
    return Truth(p, part=1)


def gradient_at_target(case: Case) -> Truth:
    """Return the targets' entries of the gradient of the mean loss: −(Σ others) / Σ."""
    p, chosen = softmax(case).value, target(case)[..., None]
    np.put_along_axis(p, chosen, 0, -1)
    gradient = np.full_like(p, np.nan)
    np.put_along_axis(gradient, chosen, -p.sum(-1, keepdims=True) / target(case).size, -1)
    return Truth(gradient, part=1)


def softmax_backward(case: Case) -> Truth:
    """Return s∘(g − ⟨s,g⟩/Σs) for the rounded probabilities s; scale: s∘Σⱼ sⱼ|gᵢ − gⱼ|/Σs."""
    s, g = wide(probabilities(case)), wide(upstream(case))
    g -= np.take_along_axis(g, s.argmax(-1, keepdims=True), -1)
    total = s.sum(-1, keepdims=True)
    value = s * (g - (s * g).sum(-1, keepdims=True) / total)
    order = g.argsort(-1)
    weight, moment = (np.cumsum(np.take_along_axis(part, order, -1), -1) for part in (s, s * g))
    sorted_g = np.take_along_axis(g, order, -1)
    below = sorted_g * weight - moment
    above = moment[..., -1:] - moment - sorted_g * (weight[..., -1:] - weight)
    spread = np.empty_like(g)
    np.put_along_axis(spread, order, below + above, -1)
    return Truth(value, s * np.abs(spread) / total)


def log_softmax_backward(case: Case) -> Truth:
    """Return g − p Σg; scale: |gᵢ|(1 − pᵢ) + pᵢ Σ|other gⱼ|."""
    p, g = softmax(case).value, wide(upstream(case))
    top = p.argmax(-1, keepdims=True)
    others = p.copy()
    np.put_along_axis(others, top, 0, -1)
    rest = 1 - p
    np.put_along_axis(rest, top, others.sum(-1, keepdims=True), -1)
    size = np.abs(g)
    value = g * rest - p * (g.sum(-1, keepdims=True) - g)
    return Truth(value, size * rest + p * (size.sum(-1, keepdims=True) - size))


TRUTHS = {
    "softmax": ("softmax", softmax),
    "log_softmax": ("log_softmax", log_softmax),
    "logsumexp": ("logsumexp", logsumexp),
    "loss": ("losses", loss),
    "gradient off the target": ("loss_gradient", gradient_off_target),
    "gradient at the target": ("loss_gradient", gradient_at_target),
    "softmax backward": ("softmax_backward", softmax_backward),
    "log_softmax backward": ("log_softmax_backward", log_softmax_backward),
}
"""Each quantity's work and what is right for it."""
