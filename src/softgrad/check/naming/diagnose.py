"""From a wrong derivative to its name: the questions, in order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from softgrad.check.contract import manners
from softgrad.check.locate.columns import MOST_COLUMNS, Columns, inputs_apart, measured
from softgrad.check.locate.entries import Located, locate
from softgrad.check.measure.probe import Probe, Shot, floor_of, probe
from softgrad.check.naming.alike import alike
from softgrad.check.naming.conditions import nearly, precision, strides
from softgrad.check.naming.facts import unnamed
from softgrad.check.naming.hypotheses import named
from softgrad.check.naming.instance import MOST_OUTPUTS, Instance
from softgrad.check.naming.memory import scattered, wrapped
from softgrad.check.naming.shrink import smaller
from softgrad.check.naming.special import only_here, staircase
from softgrad.check.report.finding import Finding
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject
from softgrad.function import Function

__all__ = ["Diagnosis", "diagnose"]

Masks = dict[str, np.ndarray | None]

_SMALL = 64
_EVERYWHERE = 0.9

_SMALLER = "seen on a smaller example: "


@dataclass(frozen=True)
class Diagnosis:
    """A wrong derivative, named as far as possible.

    Parameters
    ----------
    finding
        The name and the evidence; a finding without a name holds the facts.
    wrong
        A mask per input, ``None`` where it could not be measured.
    """

    finding: Finding
    wrong: Masks


def diagnose(
    seen: Probe, seed: int, like: Function | None = None, whole: Probe | None = None
) -> Diagnosis:
    """Locate and name the error a probe has found, perhaps in a cut of the ``whole`` example."""
    gauge, shot = seen.instrument, seen.first
    subject = gauge.subject
    assert seen.gradient is not None
    unsettled = manners.repeats(subject, shot.g, subject.pull(shot.g), seed)
    if unsettled:
        return Diagnosis(unsettled, dict(unsettled.wrong))
    floor, _ = floor_of(subject, np.random.default_rng(seed), shot.g, seen.gradient)
    names = inputs_apart(gauge, shot.g, shot.d, floor, seed)
    columns, located = _located(seen, shot, names, seed)
    wrong = located.masks
    found, formula = alike(seen, like)
    found = manners.affine(subject, shot.g, shot.d) or found
    found = found or next(_explanations(seen, shot, names, columns, wrong, seed, whole))
    if formula is not None and found.formula is None:
        found = replace(found, formula=formula, fix=f"compute {formula}.")
    if not found.pictures and (instance := _shown(seen, columns, seed)) is not None:
        found = replace(found, pictures=instance.pictures)
    found = replace(found, entries=located.entries, facts=(*found.facts, *located.told))
    return Diagnosis(found, wrong)


def _located(
    seen: Probe, shot: Shot, names: tuple[str, ...], seed: int
) -> tuple[Columns | None, Located]:
    """Return the measured Jacobian where it is small or must be measured, and the wrong entries."""
    gauge, subject = seen.instrument, seen.instrument.subject
    sizes = {name: where.stop - where.start for name, where in subject.slices.items()}
    small = tuple(name for name in names if sizes[name] <= MOST_COLUMNS)
    cheap = sum(sizes[name] for name in small) <= MOST_OUTPUTS
    columns = measured(gauge, small) if small and cheap else None
    whole = columns is not None and len(columns.names) == len(names)
    located = locate(gauge, shot, seed, columns if whole else None)
    if columns is None and small and any(mask is None for mask in located.masks.values()):
        columns = measured(gauge, small)
        located = located if columns is None else locate(gauge, shot, seed, columns)
    apart: Masks = dict.fromkeys(subject.wrt)
    apart |= {n: np.zeros(subject.shapes[n], bool) for n in subject.wrt if n not in names}
    apart |= {n: mask for n, mask in located.masks.items() if mask is not None and mask.any()}
    return columns, replace(located, masks=apart)


def _explanations(
    seen: Probe,
    shot: Shot,
    names: tuple[str, ...],
    columns: Columns | None,
    wrong: Masks,
    seed: int,
    whole: Probe | None = None,
) -> Iterator[Finding]:
    """Yield what explains the difference; at the end, the facts."""
    gauge = seen.instrument
    subject = gauge.subject
    if found := staircase(gauge, shot, names, seed):
        yield found
    if found := precision(subject, shot, gauge):
        yield found
    upstream = subject.split_output(shot.g)
    if subject.frame.saved_overwritten(subject.call, subject.native(), subject.wrt, upstream):
        yield Finding("mutates_argument", "a saved array is overwritten before it is used")
    if found := strides(subject, seed):
        yield found
    if found := only_here(subject, wrong, seed):
        yield found
    for name in names:
        if not shot.d[subject.slices[name]].any():
            yield Finding("dropped_grad", f"{name}: the gradient is zero", residual=0.0)
    if found := wrapped(gauge, shot, seed):
        yield found
    size = np.inf if columns is None else max(gauge.y.size, columns.index.size)
    cut = None
    if size > MOST_OUTPUTS or (size > _SMALL and _everywhere(wrong)):
        cut = _in_small(subject, whole or seen, seed)
        if cut is not None and cut.bug:
            yield cut
    pairs = []
    if columns is not None and size <= MOST_OUTPUTS:
        instance = Instance(gauge, columns, seed, whole)
        pairs = instance.pairs
        if found := named(instance, shot, seed):
            yield found
    elif found := scattered(wrong):
        yield found
    if found := nearly(subject, shot, pairs):
        yield found
    yield cut if cut is not None and not pairs else unnamed(subject, shot, pairs)


def _everywhere(wrong: Masks) -> bool:
    """Return whether nearly every located entry is wrong, so that any part shows the bug."""
    known = [mask for mask in wrong.values() if mask is not None and mask.any()]
    return all(mask.mean() > _EVERYWHERE for mask in known)


def _in_small(subject: Subject, whole: Probe, seed: int) -> Finding | None:
    """Name the bug on a smaller example, or give the facts of the first one that has it."""
    facts: Finding | None = None
    for less in smaller(subject):
        try:
            seen = probe(less, seed)
            found = diagnose(seen, seed, whole=whole).finding if seen.status == "wrong" else None
        except CodeRaised:
            continue
        if found is None:
            continue
        told = found.facts
        if not any(fact.startswith(_SMALLER) for fact in told):
            shapes = (f"{name} of shape {shape}" for name, shape in less.shapes.items())
            told = (*told, _SMALLER + ", ".join(shapes))
        found = replace(found, facts=told, wrong={}, entries=())
        if found.bug:
            return found
        facts = facts or found
    return facts


def _shown(seen: Probe, columns: Columns | None, seed: int) -> Instance | None:
    """Return the instance to draw, if it is small."""
    if columns is None or max(columns.index.size, seen.instrument.y.size) > _SMALL:
        return None
    return Instance(seen.instrument, columns, seed)
