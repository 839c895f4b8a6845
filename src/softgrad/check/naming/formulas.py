"""The true and the claimed gradient, each written as a short sum of the usual terms."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from softgrad.check.naming.guess import Guess, distance
from softgrad.check.naming.instance import Instance, Pair
from softgrad.check.naming.sums import promising
from softgrad.check.naming.terms import TARGETED, Term, terms, written
from softgrad.check.report.finding import Finding

__all__ = ["Formulas"]

_MOST_TERMS = 3
_EXACT = 1e-6

Sum = dict[Term, float]


class Formulas:
    """Both gradients of one input as sums of at most three terms, where there are such sums."""

    def __init__(self, instance: Instance, p: Pair) -> None:
        self.pair = p
        gs = instance.cotangents(3)
        self.true = np.concatenate([g @ p.true for g in gs])
        self.claimed = np.concatenate([g @ p.claimed for g in gs])
        found = terms(instance, p, gs) if p.scale else {}
        self.names = list(found)
        self.matrix = np.stack(list(found.values()), axis=1) if found else np.zeros((0, 0))

    @cached_property
    def right(self) -> Sum | None:
        """The true gradient."""
        return self._express(self.true)

    @cached_property
    def wrong(self) -> Sum | None:
        """The claimed gradient; in few bits too many sums would do."""
        if self.pair.eps > 1e-4:
            return None
        return self._express(self.claimed, self.right or {})

    def residual(self, weights: Sum) -> float:
        """Return how far the claim is from a sum."""
        total = sum(w * self.matrix[:, self.names.index(t)] for t, w in weights.items())
        return distance(self.claimed, np.asarray(total))

    def _express(
        self, target: np.ndarray, prefer: Mapping[Term, float] | None = None
    ) -> Sum | None:
        """Return the shortest exact sum of terms, the ones in ``prefer`` first."""
        size = float(np.linalg.norm(target))
        if size == 0 or not self.names:
            return None
        order = sorted(range(len(self.names)), key=lambda k: self.names[k] not in (prefer or {}))
        norms = np.linalg.norm(self.matrix, axis=0)[order]
        columns = self.matrix[:, order] / norms
        gram, moment = columns.T @ columns, columns.T @ target
        for count in range(1, _MOST_TERMS + 1):
            for pick in promising(gram, moment, size, count):
                weights = np.linalg.lstsq(columns[:, pick], target, rcond=None)[0]
                left = float(np.linalg.norm(columns[:, pick] @ weights - target))
                weights = weights / norms[pick]
                if left < _EXACT * size and np.abs(weights).min() > 1e-7:
                    named = [self.names[order[k]] for k in pick]
                    return dict(zip(named, map(float, weights), strict=True))
        return None

    def guesses(self) -> Iterator[Guess]:
        """Compare the two sums."""
        right, wrong = self.right, self.wrong
        if right is None:
            return
        if self.pair.eps > 1e-4:
            yield from self._variants(right)
            return
        if wrong is None:
            extra = self._express(self.claimed - self.true)
            if extra is not None and len(extra) <= 2:
                yield self._guess("missing_term", f"yours minus right is {written(extra)}", 0.0)
            return
        bug = _named(right, wrong)
        if bug:
            told = f"your gradient is {written(wrong)}; right is {written(right)}"
            yield self._guess(bug, told, self.residual(wrong))

    def _variants(self, right: Sum) -> Iterator[Guess]:
        """Compare with the right sum changed at one place, for claims of few bits."""
        changed: list[tuple[str, Sum]] = []
        for term, weight in right.items():
            rest = {t: w for t, w in right.items() if t != term}
            changed += [("missing_term", rest), ("wrong_sign", {**rest, term: -weight})]
        if len({term.lead for term in right}) == 1:
            bare = {Term("", term.core): weight for term, weight in right.items()}
            changed.append(("missing_chain_factor", bare))
        for bug, other in changed:
            if other and all(term in self.names for term in other):
                gap = self.residual(other)
                told = f"your gradient is {written(other)}; right is {written(right)}"
                yield self._guess(bug, told, gap, gap <= 4 * self.pair.eps)

    def _guess(self, bug: str, told: str, residual: float, fits: bool = True) -> Guess:
        return Guess(Finding(bug, f"{self.pair.name}: {told}", residual=residual), fits)


def _named(right: Sum, wrong: Sum) -> str | None:
    """Return the name of the difference between two sums."""

    def equal(k: Term) -> bool:
        return abs(wrong[k] - right[k]) < 1e-5 * abs(right[k])

    other = {term.lead for term in right} != {term.lead for term in wrong}
    if other and _frame(right) is not None and _frame(right) == _frame(wrong):
        return "wrong_variable"
    if _frame(right) is not None and _frame(right) == _frame(wrong, bare=True):
        return "missing_chain_factor"
    common = set(right) & set(wrong)
    if common == set(right) == set(wrong):
        off = [k for k in common if not equal(k)]
        if off and all(abs(wrong[k] + right[k]) < 1e-5 * abs(right[k]) for k in off):
            return "wrong_sign"
        return "wrong_constant" if off else None
    if not all(map(equal, common)) and len(common) < 2:
        return None
    if set(wrong) < set(right) or set(right) < set(wrong):
        return "missing_term"
    only_right, only_wrong = set(right) - common, set(wrong) - common
    if len(only_right) == len(only_wrong) == 1:
        a, b = only_right.pop(), only_wrong.pop()
        if a.lead == b.lead and a.core.startswith(f"{b.core}/Σ"):
            return "wrong_normalizer"
        return "assumes_normalized_target" if a.lead == b.lead + TARGETED else "wrong_variable"
    return None


def _frame(weights: Sum, bare: bool = False) -> frozenset[tuple[str, int]] | None:
    """Return a sum without the one quantity in front of it, or ``None`` if there are several.

    A sum that is ``bare`` has none in front. What stands in front is left blank within the sums
    too, so that two sums that differ by one quantity throughout have one frame.
    """
    leads = {term.lead for term in weights}
    lead = leads.pop()
    if leads or bool(lead) == bare:
        return None
    cores = [term.core for term in weights]
    if not bare:
        cores = [core.replace(f"⟨g,{lead}⟩", "⟨g,·⟩") for core in cores]
    else:
        cores = [re.sub("⟨g,[^⟩]*⟩", "⟨g,·⟩", core) for core in cores]
    cores = [re.sub("/Σ[^ ]*", "", core) for core in cores]
    return frozenset(zip(cores, map(np.sign, weights.values()), strict=True))
