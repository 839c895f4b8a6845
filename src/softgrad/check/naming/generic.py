"""Names that the shape of the claimed Jacobian gives away, whatever the function."""

from collections.abc import Callable
from itertools import pairwise, permutations

import numpy as np

from softgrad.check.naming.instance import Pair
from softgrad.check.report.finding import Finding

__all__ = ["HYPOTHESES", "STRUCTURE", "factor", "formula", "scale_of"]

Hypothesis = Callable[[Pair], Finding | None]


def dropped(p: Pair) -> Finding | None:
    """All zero."""
    if p.claimed.any() or not p.live.any():
        return None
    return p.finding("dropped_grad", "the gradient is zero, the function depends on it")


def summed(p: Pair) -> Finding | None:
    """Rows or columns of the Jacobian added up: for softmax, all rounding."""
    scale = float(np.abs(p.true).max(initial=0.0))
    if not p.elementwise or not p.live.any():
        return None
    if p.claimed.any() and np.abs(p.claimed).max() < 1e-10 * scale:
        sums = np.abs(p.true.sum(0)).max() < 1e-6 * scale
        if sums:
            return p.finding("jacobian_summed", "your gradient is rounding noise: J's sums are 0")
        return None
    if _is_diagonal(p.true) or p.true.shape[0] < 2:
        return None
    for total in (p.true.sum(0), p.true.sum(1)):
        if np.abs(total).max() > 10 * p.tolerance and p.close(p.claimed, np.diag(total)):
            return p.finding("jacobian_summed", "your gradient is g times the Jacobian's sums")
    return None


def collapsed(p: Pair) -> Finding | None:
    """All outputs share one upstream number."""
    m = p.true.shape[0]
    if m < 2 or not p.filled.any():
        return None
    total = p.true.sum(0)
    rows = np.flatnonzero(p.filled.any(1))
    if np.abs(total).max() <= 10 * p.tolerance:
        return None
    if rows.size == 1 and p.close(p.claimed[rows[0]], total):
        return p.finding("upstream_collapsed", f"only upstream entry {int(rows[0])} is used")
    for scale, how in ((1.0, "sum"), (1 / m, "mean")):
        if p.close(p.claimed, np.broadcast_to(scale * total, p.claimed.shape)):
            return p.finding(
                "upstream_collapsed", f"only the {how} of the upstream gradient is used"
            )
    if p.y is not None and p.y.ndim > 1:
        return _collapsed_rows(p, total)
    return None


def _collapsed_rows(p: Pair, total: np.ndarray) -> Finding | None:
    assert p.y is not None
    shape = p.y.shape
    for axis in range(len(shape)):
        true = np.moveaxis(p.true.reshape(*shape, -1), axis, 0)
        claimed = np.moveaxis(p.claimed.reshape(*shape, -1), axis, 0)
        inner = true.sum(0)
        if shape[axis] < 2 or np.abs(inner).max() <= 10 * p.tolerance:
            continue
        used = [i for i in range(shape[axis]) if np.abs(claimed[i]).max() > p.tolerance]
        first = len(used) == 1 and p.close(claimed[used[0]], inner)
        alike = any(
            p.close(claimed, np.broadcast_to(s * inner, claimed.shape))
            for s in (1, 1 / shape[axis])
        )
        if first or alike:
            return p.finding(
                "upstream_collapsed", f"the upstream gradient is reduced along output axis {axis}"
            )
    return None


def scale_of(p: Pair) -> float | None:
    """Return k where the claim is k times the truth."""
    norm = float(np.sum(p.true**2))
    if norm == 0:
        return None
    k = float(np.sum(p.claimed * p.true)) / norm
    if k == 0 or not np.abs(p.claimed - k * p.true).max() <= 4 * p.tolerance * max(abs(k), 1):
        return None
    return k if np.abs(p.claimed).max() > 1e-6 * np.abs(p.true).max() else None


def identity(p: Pair) -> Finding | None:
    """See whether the upstream gradient comes out as it went in."""
    if not p.elementwise:
        return None
    eye = np.eye(p.true.shape[0])
    if np.array_equal(p.claimed, eye) or np.abs(p.claimed - eye).max() < 1e-6:
        return p.finding("identity_jacobian", "your gradient equals the upstream gradient")
    return None


def diagonal(p: Pair) -> Finding | None:
    """No entry outside the diagonal, where the truth has some."""
    if not p.elementwise or _is_diagonal(p.true) or not _is_diagonal(p.claimed):
        return None
    d = np.diag(p.claimed)
    if not d.any():
        return None
    same = np.abs(d - np.diag(p.true)).max() <= 4 * p.tolerance
    return p.finding(
        "diagonal_only",
        "your Jacobian is exactly the diagonal of the right one"
        if same
        else "your Jacobian is diagonal, the right one is not",
    )


def _is_diagonal(matrix: np.ndarray) -> bool:
    scale = np.abs(matrix).max(initial=0.0)
    return not (np.abs(matrix - np.diag(np.diag(matrix))) > 1e-7 * scale).any()


def transposed(p: Pair) -> Finding | None:
    """Axes of output and input swapped."""
    if p.y is None or p.y.ndim + p.x.ndim > 7:
        return None
    shape = p.y.shape + p.x.shape
    tensor = p.true.reshape(shape)
    for order in permutations(range(len(shape))):
        moved = [a for a, b in enumerate(order) if a != b]
        if not moved or tuple(shape[a] for a in order) != shape:
            continue
        other = tensor.transpose(order).reshape(p.true.shape)
        if p.close(other, p.true):
            continue
        if p.close(p.claimed, other):
            labels = [
                f"output axis {a}" if a < p.y.ndim else f"input axis {a - p.y.ndim}" for a in moved
            ]
            return p.finding("transposed", f"your Jacobian has {' and '.join(labels)} exchanged")
    return None


def coupling(p: Pair) -> Finding | None:
    """Compare the axes along which entries are coupled."""
    axes = _aligned(p)
    if axes is None:
        return None
    codes = axes
    true = _axes_of(codes, p.live)
    claimed = _axes_of(codes, p.filled)
    if claimed <= true or not p.filled.any():
        return None
    extra = p.filled & ~p.live
    if _crossed(p, extra):
        return p.finding("accidental_broadcast", "a row's reduced value is spread over the columns")
    names = ", ".join(str(a) for a in sorted(claimed - true))
    if true <= claimed:
        return p.finding("batch_mixed", f"your gradient also couples entries along axis {names}")
    right = ", ".join(str(a) for a in sorted(true))
    return p.finding(
        "wrong_axis", f"your gradient couples along axis {names}, the function along {right}"
    )


def _aligned(p: Pair) -> np.ndarray | None:
    """Return for each (output, entry) a bit mask of the axes at which their indices differ."""
    if p.y is None or p.x.ndim == 0:
        return None
    inputs = np.indices(p.x.shape).reshape(p.x.ndim, -1)
    if p.elementwise:
        kept = list(range(p.x.ndim))
    else:
        fits = [
            [a for a in range(p.x.ndim) if a != r]
            for r in range(p.x.ndim)
            if p.x.shape[:r] + p.x.shape[r + 1 :] == p.y.shape
            or (*p.x.shape[:r], 1, *p.x.shape[r + 1 :]) == p.y.shape
        ]
        if not fits or p.x.ndim < 2:
            return None
        kept = fits[-1]
    shape = tuple(p.x.shape[a] for a in kept)
    outputs = np.indices(shape).reshape(len(kept), -1)
    code = np.zeros(p.true.shape, int)
    for row, axis in zip(outputs, kept, strict=True):
        code |= (row[:, None] != inputs[axis][None, :]).astype(int) << axis
    return code


def _axes_of(codes: np.ndarray, where: np.ndarray) -> set[int]:
    union = int(np.bitwise_or.reduce(codes[where], initial=0))
    return {a for a in range(union.bit_length()) if union >> a & 1}


def _crossed(p: Pair, extra: np.ndarray) -> bool:
    """Return whether every extra entry joins an output's row index to an input's column index."""
    if not p.elementwise or p.x.ndim < 2 or p.x.shape[-1] != p.x.shape[-2]:
        return False
    index = np.indices(p.x.shape).reshape(p.x.ndim, -1)
    outs, ins = np.nonzero(extra)
    return bool(np.all(index[-2][outs] == index[-1][ins]))


def partial(p: Pair) -> Finding | None:
    """Every entry is right or zero; the lost ones form the end of an axis."""
    lost = p.live & ~p.right
    if not lost.any() or (p.filled & ~p.right).any():
        return None
    for where, shape in ((lost, p.x.shape), (lost.T, p.y.shape if p.y is not None else ())):
        alive = p.live if where is lost else p.live.T
        flat = where.any(0)
        whole = not (alive[:, flat] & ~where[:, flat]).any()
        if not whole or not shape:
            continue
        mask = flat.reshape(shape)
        for axis in range(len(shape)):
            others = tuple(a for a in range(len(shape)) if a != axis)
            line = np.atleast_1d(mask.any(axis=others))
            start = int(line.argmax())
            if (
                start > 0
                and line[start:].all()
                and bool(np.take(mask, range(start, shape[axis]), axis).all())
            ):
                side = "input" if where is lost else "output"
                return p.finding(
                    "partial_block",
                    f"everything from index {start} of {side} axis {axis} on is lost",
                )
    return None


def lost(p: Pair) -> Finding | None:
    """Every entry is right or zero."""
    gone = p.live & ~p.right
    if not gone.any() or (p.filled & ~p.right).any():
        return None
    share = f"{int(gone.sum())} of {int(p.live.sum())} entries of the Jacobian are zero"
    return p.finding("dropped_grad", f"{share}, the others are right")


def leak(p: Pair) -> Finding | None:
    """Gradient arrives where the function does not depend on the input."""
    extra = p.filled & ~p.live
    if not extra.any() or not (p.right | extra).all():
        return None
    columns = extra.any(0)
    if p.live[:, columns].any():
        return None
    return p.finding(
        "param_ignored", f"{int(columns.sum())} entries that the function ignores get a gradient"
    )


def blocks(p: Pair) -> Finding | None:
    """One output's upstream gradient goes through another output's Jacobian."""
    if len(p.outputs) < 2:
        return None
    edges = np.cumsum([0, *(int(np.prod(s)) for s in p.outputs)])
    parts = [slice(a, b) for a, b in pairwise(edges)]
    for a, one in enumerate(parts):
        if p.close(p.claimed[one], p.true[one]):
            continue
        for b, two in enumerate(parts):
            same = a != b and p.outputs[a] == p.outputs[b]
            if same and p.close(p.claimed[one], p.true[two]):
                return p.finding(
                    "wrong_stage",
                    f"the gradient of output {a} is sent through output {b}'s derivative",
                )
            if same and p.close(p.claimed[one], p.true[one] + p.true[two]):
                return p.finding(
                    "missing_term", f"output {a}'s gradient is counted in output {b}'s too"
                )
    return None


def factor(p: Pair) -> Finding | None:
    """Right up to a factor that depends on the entry only."""
    norms = np.sum(p.true**2, 0)
    used = norms > (10 * p.tolerance) ** 2
    if not used.any() or (p.live[:, used].sum(0) < 2).any():
        return None
    k = np.ones(norms.size)
    k[used] = np.sum(p.claimed * p.true, 0)[used] / norms[used]
    if not np.abs(p.claimed - k * p.true).max() <= 4 * p.tolerance * max(1.0, np.abs(k).max()):
        return None
    apart = used & (np.abs(k - 1) > 1e-5)
    if apart.sum() < 2 or used.sum() < 3:
        return None
    if np.allclose(np.abs(k[used]), 1.0, atol=1e-5):
        return p.finding("wrong_sign", f"the sign is wrong at {int(apart.sum())} entries")
    low, high = float(k[used].min()), float(k[used].max())
    if apart.sum() <= max(1, used.sum() // 5):
        return None
    return p.finding(
        "missing_chain_factor", f"right up to a factor that varies from {low:.4g} to {high:.4g}"
    )


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


def formula(p: Pair) -> Finding | None:
    """Look for an elementwise derivative with the wrong quantity in it, or a factor missing."""
    if not p.elementwise or not _is_diagonal(p.true) or not _is_diagonal(p.claimed):
        return None
    assert p.y is not None
    right, mine = np.diag(p.true), np.diag(p.claimed)
    quantities = {"x": p.x.ravel(), "y": p.y.ravel()}
    with np.errstate(all="ignore"):
        for label, form in _FORMS.items():
            fits = {name: form(v) for name, v in quantities.items()}
            for a, b in (("x", "y"), ("y", "x")):
                if _alike(p, fits[a], right) and _alike(p, fits[b], mine):
                    told = f"your derivative is {label} with v = {b}; right is v = {a}"
                    return p.finding("wrong_variable", told)
        for name, v in quantities.items():
            for label, form in _FORMS.items():
                if _alike(p, mine * form(v), right):
                    return p.finding(
                        "missing_chain_factor", f"the factor {label}, v = {name}, is missing"
                    )
    return None


def _alike(p: Pair, a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.isfinite(a).all() and np.abs(a - b).max(initial=0.0) <= 4 * p.tolerance)


HYPOTHESES: tuple[Hypothesis, ...] = (dropped, summed, collapsed, identity, diagonal, transposed)
STRUCTURE: tuple[Hypothesis, ...] = (blocks, coupling, partial, leak, lost)
