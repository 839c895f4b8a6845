"""Every hypothesis about a small instance, in tiers: a tier is asked if none above it fits."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from softgrad.check.measure.probe import Shot
from softgrad.check.naming import addresses, coupling, examples, factors, memory, support, whole
from softgrad.check.naming.conditions import leaks_between_samples
from softgrad.check.naming.formulas import Formulas
from softgrad.check.naming.guess import Guess, fitting, said, winner
from softgrad.check.naming.instance import Instance, Pair
from softgrad.check.naming.lengths import tiles
from softgrad.check.naming.parameters import parameters
from softgrad.check.naming.paths import paths
from softgrad.check.naming.ratio import named_ratio, output_ratio
from softgrad.check.naming.rows import rowwise
from softgrad.check.naming.stages import stages
from softgrad.check.naming.terms import written
from softgrad.check.report.finding import Finding

__all__ = ["named"]

Tier = tuple[Callable[[], Iterator[Guess]], ...]

_LONGEST = 160


def named(instance: Instance, shot: Shot, seed: int) -> Finding | None:
    """Return the best explanation: the first that covers every wrong input, or else fewer.

    What is wrong with the other inputs, or that it has no name, comes with it as facts.
    """
    pairs = [p for p in instance.pairs if not p.right.all()] or instance.pairs
    wrong = [_Open(instance, shot, p, seed, first=p is pairs[0]) for p in pairs]
    while not all(one.found for one in wrong) and any([one.ask() for one in wrong]):
        pass
    shared = set.intersection(*({guess.finding.bug for guess in one.fitting} for one in wrong))
    for one in wrong:
        one.settle(shared)
    first = next((one for one in wrong if one.found), None)
    if first is None or first.found is None:
        return None
    facts = tuple(one.told for one in wrong if one is not first)
    found = _in_words(first.found, first.formulas)
    return replace(found, pictures=instance.pictures, facts=(*found.facts, *facts))


class _Open:
    """One wrong input, with the tiers that it has not been asked about yet."""

    def __init__(self, instance: Instance, shot: Shot, p: Pair, seed: int, *, first: bool) -> None:
        self.pair, self.formulas = p, Formulas(instance, p)
        self.tiers = _tiers(instance, shot, p, self.formulas, seed, first=first)
        self.tried: list[Guess] = []
        self.found: Finding | None = None

    def ask(self) -> bool:
        """Try the next tier; return whether there was one."""
        tier = next(self.tiers, None)
        if tier is None:
            return False
        self.tried += [guess for ask in tier for guess in ask()]
        self.settle(set())
        return True

    @property
    def fitting(self) -> list[Guess]:
        """The explanations of this input."""
        return [guess for guess in self.tried if guess.fits]

    def settle(self, shared: set[str]) -> None:
        """Take the best explanation, of those with a name in ``shared`` if there are any."""
        some = [guess for guess in self.tried if not guess.fits or guess.finding.bug in shared]
        tried = some if any(guess.fits for guess in some) else self.tried
        self.found = winner(tried, noise=max(1e-7, 2 * self.pair.eps))

    @property
    def told(self) -> str:
        """What is wrong with this input."""
        if self.found is None:
            return f"{self.pair.name}: wrong as well, in no way that has a name"
        return f"{self.found.evidence} ({self.found.bug})"


def _tiers(
    instance: Instance, shot: Shot, p: Pair, formulas: Formulas, seed: int, *, first: bool
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
    yield (
        partial(memory.lost_contributions, subject, p),
        partial(memory.vanished, p),
        partial(addresses.negative_index, subject, p, seed),
        partial(addresses.exchanged_lengths, subject, p, seed),
    )
    places: Tier = (
        partial(support.blocks, p),
        partial(coupling.coupling, p),
        partial(coupling.misplaced, p),
        partial(support.single, p),
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
    yield (partial(named_ratio, instance, p),)
    yield (partial(factors.varying, p),)
    yield (partial(parameters, subject, shot, p.name, seed, instance.whole),)
    yield (formulas.guesses,)
    yield (partial(rowwise, instance, p),)
    yield (partial(output_ratio, instance, p),)
    yield (partial(stages, instance, p), lambda: _leaks(instance, shot, p, seed))
    experiments: Tier = (  # on the whole example, so once for all inputs
        partial(examples.normalized_target, subject, seed),
        partial(examples.square, subject, seed),
        partial(examples.kept_by_shape, subject, seed),
        partial(tiles, subject, p, seed),
    )
    yield experiments if first else ()
    yield (partial(paths, p),)


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
    if right is not None and wrong is not None and written(right) == written(wrong):
        wrong = None  # they differ in digits that are not written
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
