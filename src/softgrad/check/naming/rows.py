"""Guesses for normalised rows: both gradients as sums whose coefficients change from row to row."""

import math
import re
from collections.abc import Iterator
from itertools import combinations, product

import numpy as np

from softgrad.check.naming.groups import CENTRED, Group, groups
from softgrad.check.naming.guess import Guess, distance
from softgrad.check.naming.instance import Instance, Pair
from softgrad.check.naming.quantities import laid_as
from softgrad.check.naming.sums import Weights, expressed
from softgrad.check.naming.terms import Term
from softgrad.check.report.finding import Finding

__all__ = ["rowwise"]

_SAME = 1e-5
_EXACT = 1e-9
_NEAR = 1e-4  # a norm, without the small number that is added to it
_POWERS = {1: "{0}", -1: "1/({0})", 2: "({0})²", -2: "1/({0})²"}
_LETTERS = "αβγδεζ"


def rowwise(instance: Instance, p: Pair) -> Iterator[Guess]:
    """Compare the sums for two groups of coupled entries; both must tell the same."""
    if p.eps > 1e-4:
        return
    found = groups(p, laid_as(instance.subject, p))
    if not found:
        return
    right = expressed(found, [group.true for group in found])
    if right is None:
        return
    formula = f"d{p.name} = {_written(right, found)}."
    wrong = expressed(found, [group.claimed for group in found], list(right))
    if wrong is None:
        extra = expressed(found, [group.claimed - group.true for group in found])
        if extra is not None and len(extra) == 1:
            term = next(iter(extra))
            told = f"in each row a multiple of {term} is too much or missing"
            yield _guess(p, "missing_term", told, formula, 0.0)
        return
    named = _named(p, found, right, wrong)
    if named is not None:
        bug, told = named
        residual = max(distance(g.claimed, _value(g, k, wrong)) for k, g in enumerate(found))
        yield _guess(p, bug, told, formula, residual)


def _guess(p: Pair, bug: str, told: str, formula: str, residual: float) -> Guess:
    where = f" (c = {p.name} − its mean)" if re.search(r"\bc\b", told) else ""
    finding = Finding(bug, f"{p.name}: {told}{where}", residual=residual, formula=formula)
    return Guess(finding, True)


def _value(group: Group, k: int, weights: Weights) -> np.ndarray:
    return sum((w[k] * group.terms[term] for term, w in weights.items()), np.zeros(1))


def _named(p: Pair, found: list[Group], right: Weights, wrong: Weights) -> tuple[str, str] | None:
    """Return the name of the difference between two sums, and what it is."""
    common = [term for term in right if term in wrong]
    missing = [term for term in right if term not in wrong]
    added = [term for term in wrong if term not in right]
    off = [t for t in common if not np.allclose(wrong[t], right[t], rtol=_SAME, atol=0)]
    if not missing and not added:
        return _coefficients(p, found, right, wrong, off) if off else None
    if (missing and added) and (weighed := _weighed(right, wrong, missing, added, off)):
        return weighed
    if off:
        return None
    if not added:
        return "missing_term", _left_out(missing, right, found[0].size)
    if not missing:
        return "missing_term", f"{_listed(added)} too much: the right gradient has no such term"
    if len(missing) == len(added) == 1:
        return "wrong_variable", f"{added[0]} stands where {missing[0]} belongs"
    return None


def _coefficients(
    p: Pair, found: list[Group], right: Weights, wrong: Weights, off: list[Term]
) -> tuple[str, str] | None:
    ratios = np.stack([wrong[term] / right[term] for term in off])
    if np.allclose(ratios, -1, atol=_SAME):
        return "wrong_sign", f"the sign of {_listed(off)} wrong"
    ratio = ratios[0]
    first = float(ratio[0])
    if not np.allclose(ratios, ratio, rtol=_SAME, atol=0) or len(off) == len(right):
        return None
    terms = " and ".join(map(str, off))
    if ratio.size < 2 or not np.allclose(ratio, first, rtol=_SAME, atol=0):
        return _scaled(found, terms, ratio)
    has = "has" if len(off) == 1 else "have"
    told = f"{terms} {has} {first:.6g} times the right coefficient"
    for label, number in _counts(p, found[0].size):
        if abs(abs(first) - number) < _SAME * number:
            return "wrong_normalizer", f"{told}; that is {label}"
    return "wrong_constant", told


def _scaled(found: list[Group], terms: str, ratio: np.ndarray) -> tuple[str, str] | None:
    """Tell of a term off by a factor that changes from row to row."""
    if ratio.size < 2:
        return None
    told = f"{terms} {_is(terms)} off by a factor that changes from row to row"
    known: list[tuple[float, str, int]] = []
    for label, power in product(found[0].scales, (1, -1, 2, -2)):
        expected = np.array([group.scales.get(label, np.nan) ** power for group in found])
        known.append((distance(ratio, expected), label, power))
    gap, label, power = min(known, key=_exactness, default=(1.0, "", 0))
    if gap > _NEAR:
        values = " and ".join(f"{r:.4g}" for r in ratio)
        return "missing_chain_factor", f"{told}: {values} in two of them"
    over, _, under = label.partition("/")
    if under and abs(power) == 1:
        one, other = (over, under) if power == 1 else (under, over)
        return "wrong_variable", f"in {terms}, {one} stands where {other} belongs"
    return "missing_chain_factor", f"{told}, {_POWERS[power].format(label)}"


def _exactness(known: tuple[float, str, int]) -> tuple[bool, bool, float]:
    gap, label, _ = known
    return gap > _EXACT, "/" not in label, gap


def _counts(p: Pair, count: int) -> Iterator[tuple[str, float]]:
    """Yield the counts that people divide by, and their inverses, with words for them."""
    where = f", where a row has {count} entries"
    products = {math.prod(c) for k in range(1, 4) for c in combinations(p.x.shape, k)}
    for n in sorted(products | {count}):
        if n > 2:
            told = where if n == count else ", a product of axis lengths"
            yield f"{n}{told}", float(n)
            yield f"1/{n}{told}", 1 / n
    if count > 2:
        yield f"{count - 1}/{count}{where}", (count - 1) / count
        yield f"{count}/{count - 1}{where}", count / (count - 1)


def _left_out(missing: list[Term], right: Weights, count: int) -> str:
    """Tell what is missing, a mean by its name."""
    if len(missing) == 1 and not missing[0].lead:
        sums = {"Σg": Term("", "g")}
        sums |= {f"Σ(g∘{t.lead})": t for t in right if t.core == "g" and t.lead}
        whole = sums.get(missing[0].core)
        if whole in right and np.allclose(count * right[missing[0]], -right[whole], rtol=_SAME):
            return f"the mean of {whole} is not subtracted"
    return f"{_listed(missing)} missing"


def _weighed(
    right: Weights, wrong: Weights, missing: list[Term], added: list[Term], off: list[Term]
) -> tuple[str, str] | None:
    """Tell of a weight that some terms should have, and do not, or the other way round."""
    weights = {w for term in (*missing, *added) for w in _weights(term)}
    for w in sorted(weights):
        bare = {_without(term, w): term for term in missing}
        if set(bare) == set(added) and not off:
            fits = all(np.allclose(wrong[b], right[t], rtol=1e-3) for b, t in bare.items())
            kept = any(w in _weights(term) for term in wrong)
            told = f"g stands where g∘{w} belongs, in {_listed(missing, verb=False)}"
            if fits:
                return ("param_misapplied" if kept else "param_ignored"), told
        bare = {_without(term, w): term for term in added}
        if set(bare) == set(missing) and not off:
            told = f"g∘{w} stands where g belongs, in {_listed(added, verb=False)}"
            return "param_misapplied", told
    return None


def _weights(term: Term) -> list[str]:
    """Return what g is multiplied by in a term."""
    inside = re.search(r"g∘([^,)⟩]*)", term.core)
    return [inside[1]] if inside else [term.lead] if term.core == "g" and term.lead else []


def _without(term: Term, weight: str) -> Term:
    if term.core == "g":
        return Term("" if term.lead == weight else term.lead, "g")
    core = term.core.replace(f"(g∘{weight})", "g").replace(f"g∘{weight}", "g")
    return Term(term.lead, core)


def _is(words: str) -> str:
    return "are" if " and " in words else "is"


def _listed(terms: list[Term], *, verb: bool = True) -> str:
    words = " and ".join(map(str, terms))
    return f"{words} {_is(words)}" if verb else words


def _written(weights: Weights, found: list[Group]) -> str:
    """Return the sum with a letter for each coefficient that changes from row to row."""
    parts = []
    letters = iter(_LETTERS)
    for term, values in weights.items():
        steady = len(found) > 1 and np.ptp(values) < _SAME * np.abs(values).max()
        size = f"{abs(float(values[0])):.4g}" if steady else next(letters)
        size = "" if steady and abs(abs(float(values[0])) - 1) < _SAME else f"{size}·"
        sign = "−" if (values < 0).all() else "+"
        parts.append(f"{sign} {size}{term}")
    total = " ".join(parts).removeprefix("+ ")
    told = " in each row"
    if any(re.search(rf"\b{CENTRED}\b", str(term)) for term in weights):
        told += f", where {CENTRED} is the centred row"
    return total + told
