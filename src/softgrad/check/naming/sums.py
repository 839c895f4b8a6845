"""The shortest exact sum of terms with coefficients of their own in each group."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from softgrad.check.naming.groups import Group
from softgrad.check.naming.terms import Term

__all__ = ["Weights", "expressed", "promising"]

Weights = dict[Term, np.ndarray]

_MOST_TERMS = 3
_MOST_CANDIDATES = 140  # of which there are half a million choices of three
_EXACT = 1e-6
_SINGULAR = 1e-8


def expressed(
    found: Sequence[Group], targets: Sequence[np.ndarray], prefer: Sequence[Term] = ()
) -> Weights | None:
    """Return coefficients by term, one for each group; ``None`` if there is no short sum.

    Sums of the terms in ``prefer``, and of these with one more or one other, come first.
    """
    common = [t for t in found[0].terms if all(t in group.terms for group in found)]
    if not 0 < len(common) <= _MOST_CANDIDATES or any(
        not np.linalg.norm(target) > 0 for target in targets
    ):
        return None
    for pick in _choices(found[0], targets[0], common, prefer):
        fits = (_fit(g, t, pick) for g, t in zip(found, targets, strict=True))
        weights = [w for w in fits if w is not None]
        if len(weights) == len(found):
            return dict(zip(pick, np.transpose(weights), strict=True))
    return None


def _fit(group: Group, target: np.ndarray, pick: Sequence[Term]) -> np.ndarray | None:
    """Return the coefficients if the sum is exact and needs each term."""
    columns = np.stack([group.terms[term] for term in pick], axis=1)
    if 2 * len(pick) > len(target):
        return None
    norms = np.linalg.norm(columns, axis=0)
    weights, _, rank, _ = np.linalg.lstsq(columns / norms, target, rcond=1e-6)
    size = float(np.linalg.norm(target))
    left = float(np.linalg.norm(columns / norms @ weights - target))
    if rank < len(pick) or left > _EXACT * size or np.abs(weights).min() < 1e-6 * size:
        return None
    return weights / norms


def _choices(
    group: Group, target: np.ndarray, common: list[Term], prefer: Sequence[Term]
) -> Iterator[list[Term]]:
    prefer = [term for term in prefer if term in common]
    for count in range(1, len(prefer) + 1):
        yield from map(list, combinations(prefer, count))
    if prefer:
        others = [term for term in common if term not in prefer]
        for out in prefer:
            for other in others:
                yield [other if term == out else term for term in prefer]
        for other in others:
            yield [*prefer, other]
    columns = np.stack([group.terms[term] for term in common], axis=1)
    columns = columns / np.linalg.norm(columns, axis=0)
    gram, moment = columns.T @ columns, columns.T @ target
    size = float(np.linalg.norm(target))
    for count in range(1, _MOST_TERMS + 1):
        for picked in promising(gram, moment, size, count):
            yield [common[k] for k in picked]


def promising(
    gram: np.ndarray, moment: np.ndarray, size: float, count: int
) -> Iterator[np.ndarray]:
    """Yield the choices of columns that leave little of the target, in order."""
    picks = np.array(list(combinations(range(len(moment)), count)))
    if not len(picks):
        return
    grams = gram[picks[:, :, None], picks[:, None, :]]
    regular = np.linalg.det(grams) > _SINGULAR
    picks, grams = picks[regular], grams[regular]
    if not len(picks):
        return
    moments = moment[picks]
    weights = np.linalg.solve(grams, moments[..., None])[..., 0]
    left = size**2 - np.sum(weights * moments, axis=1)
    yield from picks[left <= 1e-6 * size**2]
