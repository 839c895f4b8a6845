"""Every hypothesis about a small instance, in tiers: a tier is asked if none above it fits."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from softgrad.check.measure.probe import Shot
from softgrad.check.naming import coupling, examples, factors, memory, support, whole
from softgrad.check.naming.conditions import leaks_between_samples
from softgrad.check.naming.formulas import Formulas
from softgrad.check.naming.guess import Guess, fitting, said, winner
from softgrad.check.naming.instance import Instance, Pair
from softgrad.check.naming.parameters import parameters
from softgrad.check.naming.stages import stages
from softgrad.check.naming.terms import written
from softgrad.check.report.finding import Finding

__all__ = ["named"]

Tier = tuple[Callable[[], Iterator[Guess]], ...]

_LONGEST = 160


def named(instance: Instance, shot: Shot, seed: int) -> Finding | None:
    """Return the best explanation of the first wrong input that has one."""
    for p in instance.pairs:
        formulas = Formulas(instance, p)
        tried: list[Guess] = []
        for tier in _tiers(instance, shot, p, formulas, seed):
            tried += [guess for ask in tier for guess in ask()]
            if found := winner(tried, noise=max(1e-7, 2 * p.eps)):
                return replace(_in_words(found, formulas), pictures=instance.pictures)
    return None


def _tiers(
    instance: Instance, shot: Shot, p: Pair, formulas: Formulas, seed: int
) -> Iterator[Tier]:
    subject = instance.subject
    shape: Tier = (
        partial(whole.dropped, p),
        partial(whole.detached, p),
        partial(whole.summed, p),
        partial(whole.collapsed, p),
        partial(whole.identity, p),
        partial(whole.diagonal, p),
        partial(whole.transposed, p),
        partial(whole.negative, p),
        partial(factors.scale, subject, p),
    )
    yield shape
    yield (partial(memory.lost_contributions, subject, p), partial(memory.vanished, p))
    places: Tier = (
        partial(support.blocks, p),
        partial(coupling.coupling, p),
        partial(coupling.misplaced, p),
        partial(support.partial, p),
        partial(support.leak, subject, p),
    )
    yield places
    yield (partial(memory.at_ties, p), partial(memory.sparse, p))
    yield (partial(support.lost, p),)
    yield (
        partial(factors.powers, p),
        partial(factors.elementwise, p),
        partial(factors.per_entry, subject, p),
    )
    yield (partial(parameters, subject, shot, p.name, seed),)
    yield (formulas.guesses,)
    yield (partial(stages, instance, p), lambda: _leaks(instance, shot, p, seed))
    yield (
        partial(examples.normalized_target, subject, seed),
        partial(examples.square, subject, seed),
        partial(examples.kept_by_shape, subject, seed),
    )


def _leaks(instance: Instance, shot: Shot, p: Pair, seed: int) -> Iterator[Guess]:
    found = leaks_between_samples(instance.subject, shot, p.name, seed)
    if found is not None:
        yield Guess(found, True)


def _is_a_formula(evidence: str) -> bool:
    """Return whether it is said already what the gradient is."""
    return any(f"your gradient {verb} " in evidence for verb in ("is", "equals"))


def _in_words(found: Finding, formulas: Formulas) -> Finding:
    """Add the formulas of this function, where they can be written, to what was found."""
    name = formulas.pair.name
    right, wrong = formulas.right, formulas.wrong
    evidence = found.evidence
    if wrong is not None and not _is_a_formula(evidence):
        residual = formulas.residual(wrong)
        measured = f"to {said(residual)}" if residual > 0 else "exactly"
        told = f"{name}: your gradient equals {written(wrong)} {measured}"
        evidence = f"{told}: {evidence.removeprefix(f'{name}: ')}"
        if len(evidence) > _LONGEST:
            evidence = found.evidence
    elif found.residual is not None and len(evidence) < _LONGEST - 20:
        evidence += fitting(found.residual)
    found = replace(found, evidence=evidence)
    if right is None:
        return found
    fix = None if wrong is None else f"return {written(right)} in place of {written(wrong)}."
    return replace(found, formula=f"d{name} = {written(right)}.", fix=fix)
