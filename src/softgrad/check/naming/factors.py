"""Guesses that the claim is right up to a factor: one number, or one for each entry."""

from collections.abc import Callable, Iterator

import numpy as np

from softgrad.check.naming.constants import explain_factor
from softgrad.check.naming.elsewhere import factor_moves
from softgrad.check.naming.guess import Guess
from softgrad.check.naming.instance import Pair, is_diagonal
from softgrad.check.naming.lengths import tiles
from softgrad.check.report.words import counted
from softgrad.check.subject.subject import Subject

__all__ = ["elementwise", "per_entry", "powers", "scale", "varying"]

_NEAR = 1e-6


def scale(subject: Subject, p: Pair) -> Iterator[Guess]:
    """Predict one factor, which stands for something."""
    norm = float(np.sum(p.true**2))
    if norm == 0:
        return
    k = float(np.sum(p.claimed * p.true)) / norm
    tolerance = 4 * p.tolerance * max(abs(k), 1)
    small = np.abs(p.claimed).max() <= 1e-6 * p.scale
    fits = k != 0 and not small and bool(np.abs(p.claimed - k * p.true).max() <= tolerance)
    if not fits:
        told = f"your gradient is {k:.3g} times the right one"
        if k != 0:
            yield p.guess("wrong_constant", told, k * p.true, False)
        return
    if abs(k - 1) < max(_NEAR, p.eps):
        if np.abs(p.claimed - p.true).max() > p.tolerance:
            off = f"{'+' if k > 1 else '−'} {abs(k - 1):.1g}"
            told = f"your gradient is the right one times 1 {off}: a constant of few digits"
            yield p.guess("low_precision", told, k * p.true, True)
        return
    bug, told = explain_factor(subject, p, k)
    if bug == "wrong_constant" and ";" not in told and not _usual(k):
        if p.eps < 1e-4 and factor_moves(subject, p, k):
            told += " here, and another multiple at other values of the inputs"
            bug = "missing_chain_factor"
        elif found := next(tiles(subject, p), None):
            yield found
            return
    yield p.guess(bug, told, k * p.true, True)


def _usual(k: float) -> bool:
    """Return whether a number is one that people forget or write twice."""
    return any(abs(abs(k) - usual) < 1e-5 * usual for usual in (2.0, 0.5))


def per_entry(subject: Subject, p: Pair) -> Iterator[Guess]:
    """Predict a factor that depends on the input's entry only, and is known."""
    found = _factors(p)
    if found is None:
        return
    k, used, along = found
    if np.allclose(np.abs(k[used]), 1.0, atol=max(1e-5, 4 * p.eps)):
        apart = used & (k < 0)
        told = f"the sign is wrong at {counted(int(apart.sum()))}{along}"
        yield p.guess("wrong_sign", told, k * p.true)
        return
    known = _known(subject, p, k.reshape(p.x.shape), used.reshape(p.x.shape))
    if known is not None:
        bug, label = known
        yield p.guess(bug, f"right up to the factor {label}{along}", k * p.true, True)


def varying(p: Pair) -> Iterator[Guess]:
    """Predict a factor that depends on the input's entry only, whatever it is."""
    found = _factors(p)
    if found is not None:
        k, used, along = found
        low, high = float(k[used].min()), float(k[used].max())
        told = f"right up to a factor that varies from {low:.4g} to {high:.4g}{along}"
        yield p.guess("missing_chain_factor", told, k * p.true, True)


def _factors(p: Pair) -> tuple[np.ndarray, np.ndarray, str] | None:
    """Return a factor for each entry of the input, where it counts, and along what it changes."""
    norms = np.sum(p.true**2, 0)
    used = norms > (10 * p.tolerance) ** 2
    if not used.any() or (p.live[:, used].sum(0) < 2).any():
        return None
    k = np.ones(norms.size)
    k[used] = np.sum(p.claimed * p.true, 0)[used] / norms[used]
    if not np.abs(p.claimed - k * p.true).max() <= 4 * p.tolerance * max(1.0, np.abs(k).max()):
        return None
    apart = used & (np.abs(k - 1) > max(1e-5, 4 * p.eps))
    if apart.sum() < 2 or used.sum() < 3 or apart.sum() <= max(1, used.sum() // 5):
        return None
    axis = _only_axis(k, used, p)
    return k, used, "" if axis is None else f", by the index along axis {axis}"


def _only_axis(k: np.ndarray, used: np.ndarray, p: Pair) -> int | None:
    """Return the one axis along which the factor changes."""
    values = np.where(used, k, np.nan).reshape(p.x.shape)
    changing = []
    for axis in range(p.x.ndim):
        spread = np.nanmax(values, axis=axis) - np.nanmin(values, axis=axis)
        if np.nanmax(spread) > max(1e-5, 4 * p.eps) * np.nanmax(np.abs(values)):
            changing.append(axis)
    return changing[0] if len(changing) == 1 and p.x.ndim > 1 else None


def _known(subject: Subject, p: Pair, k: np.ndarray, used: np.ndarray) -> tuple[str, str] | None:
    """Return the parameter, or the count that goes with it, that the factor is."""
    for name, value in subject.inputs.items():
        if name == p.name or not subject.frame.is_array(value):
            continue
        array = subject.frame.to_numpy(value)
        if array.ndim == 0 or array.dtype.kind not in "bf":
            continue
        array = array.astype(float)
        forms = {
            (name, "param_misapplied"): array,
            (f"1/{name}", "param_ignored"): 1 / array,
            (f"{name}²", "param_misapplied"): array**2,
        }
        for axis in range(array.ndim):
            total = array.sum(axis=axis, keepdims=True)
            forms[f"the sum of {name} along axis {axis}", "wrong_normalizer"] = total
            forms[f"1/(the sum of {name} along axis {axis})", "wrong_normalizer"] = 1 / total
        for (label, bug), form in forms.items():
            if _spread_equal(form, k, used, max(1e-5, 4 * p.eps)):
                return bug, label
    return None


def _spread_equal(form: np.ndarray, k: np.ndarray, used: np.ndarray, slack: float) -> bool:
    trials = [form]
    if form.ndim == 1 and k.ndim > 1 and form.size == k.shape[0]:
        trials.append(form.reshape(-1, *(1,) * (k.ndim - 1)))
    for trial in trials:
        try:
            full = np.broadcast_to(trial, k.shape)
        except ValueError:
            continue
        if np.isfinite(full[used]).all() and np.allclose(full[used], k[used], rtol=slack, atol=0):
            return True
    return False


_FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "v": lambda v: v,
    "1 − v": lambda v: 1 - v,
    "v(1 − v)": lambda v: v * (1 - v),
    "1 − v²": lambda v: 1 - v * v,
    "v²": np.square,
    "2v": lambda v: 2 * v,
    "1/v": lambda v: 1 / v,
    "exp v": np.exp,
}


_POWERS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "d², the derivative applied twice": ("wrong_stage", np.square),
    "1 − d": ("wrong_variable", lambda d: 1 - d),
    "1/d": ("wrong_variable", lambda d: 1 / d),
    "√d": ("wrong_variable", lambda d: np.sqrt(np.abs(d))),
    "the same everywhere": ("missing_chain_factor", np.ones_like),
}


def powers(p: Pair) -> Iterator[Guess]:
    """Look for another expression in the right derivative d of each entry.

    Where the outputs are summed up to one number, up to a constant.
    """
    summed = p.true.shape[0] == 1 and bool(p.true.all())
    if p.eps > 1e-4 or not (summed or (p.elementwise and is_diagonal(p.true))):
        return
    right, mine = (p.true[0], p.claimed[0]) if summed else (np.diag(p.true), np.diag(p.claimed))
    if right.size < 3 or np.ptp(right) <= 1e-3 * p.scale or not (summed or is_diagonal(p.claimed)):
        return
    with np.errstate(all="ignore"):
        forms = {label: (bug, form(right)) for label, (bug, form) in _POWERS.items()}
    forms["x itself"] = ("wrong_variable", p.x.ravel())
    if p.elementwise and p.y is not None:
        forms["y itself"] = ("wrong_variable", p.y.ravel())
    for label, (bug, other) in forms.items():
        size = float(other @ other)
        if not 0 < size < np.inf or (summed and label == "1 − d"):
            continue
        k = float(mine @ other) / size if summed else 1.0
        fits = k != 0 and np.abs(mine - k * other).max() <= 1e-6 * np.abs(mine).max()
        told = f"where the right derivative is d, yours is {label}"
        predicted = k * other[None] if summed else np.diag(other)
        yield p.guess(bug, told, predicted, bool(fits))


def elementwise(p: Pair) -> Iterator[Guess]:
    """Look for an elementwise derivative with the wrong quantity in it, or a factor missing."""
    if not p.elementwise or not is_diagonal(p.true) or not is_diagonal(p.claimed):
        return
    assert p.y is not None
    right, mine = np.diag(p.true), np.diag(p.claimed)
    quantities = {"x": p.x.ravel(), "y": p.y.ravel()}
    with np.errstate(all="ignore"):
        for label, form in _FORMS.items():
            fits = {name: form(v) for name, v in quantities.items()}
            for a, b in (("x", "y"), ("y", "x")):
                if _alike(p, fits[a], right) and np.isfinite(fits[b]).all():
                    told = f"your derivative is {label} with v = {b}; right is v = {a}"
                    predicted = np.diag(fits[b])
                    yield p.guess("wrong_variable", told, predicted, _alike(p, fits[b], mine))
        for name, v in quantities.items():
            for label, form in _FORMS.items():
                left = right / form(v)
                if _alike(p, mine * form(v), right) and np.isfinite(left).all():
                    told = f"the factor {label}, v = {name}, is missing"
                    yield p.guess("missing_chain_factor", told, np.diag(left), True)


def _alike(p: Pair, a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.isfinite(a).all() and np.abs(a - b).max(initial=0.0) <= 4 * p.tolerance)
