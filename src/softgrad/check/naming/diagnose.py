"""From a wrong derivative to its name: the questions, in order."""

import numpy as np

from softgrad.check.contract import manners
from softgrad.check.locate.columns import Columns, inputs_apart, measured, wrong_entries
from softgrad.check.measure.probe import Probe, Shot, floor_of, probe
from softgrad.check.naming import generic
from softgrad.check.naming.atoms import compare_formulas
from softgrad.check.naming.constants import explain_factor
from softgrad.check.naming.experiments import (
    leaks_between_samples,
    parameters,
    precision,
    stages,
    strides,
)
from softgrad.check.naming.faults import name_by_structure
from softgrad.check.naming.instance import MOST_OUTPUTS, Instance, Pair
from softgrad.check.naming.likeness import likened
from softgrad.check.naming.memory import few_entries, lost_contributions, scattered, wrapped
from softgrad.check.naming.shrink import smaller
from softgrad.check.report.finding import Finding
from softgrad.check.subject.quiet import CodeRaised
from softgrad.check.subject.subject import Subject
from softgrad.function import Function

__all__ = ["Diagnosis", "diagnose"]


class Diagnosis:
    """A wrong derivative, named as far as possible.

    Parameters
    ----------
    finding
        The name and the evidence, or ``None``.
    wrong
        A mask per input, ``None`` where it could not be measured.
    """

    def __init__(self, finding: Finding | None, wrong: dict[str, np.ndarray | None]) -> None:
        self.finding = finding
        self.wrong = wrong


def diagnose(seen: Probe, seed: int, like: Function | None = None) -> Diagnosis:
    """Locate and name the error a probe has found."""
    gauge, shot = seen.instrument, seen.first
    subject = gauge.subject
    assert seen.gradient is not None
    unsettled = manners.repeats(subject, shot.g, subject.pull(shot.g), seed)
    if unsettled:
        return Diagnosis(unsettled, dict(unsettled.wrong))
    floor, _ = floor_of(subject, np.random.default_rng(seed), shot.g, seen.gradient)
    names = inputs_apart(gauge, shot.g, shot.d, floor, seed)
    wrong: dict[str, np.ndarray | None] = {
        name: None if name in names else np.zeros(subject.shapes[name], bool)
        for name in subject.wrt
    }
    small = tuple(n for n in names if measured_size(subject, n))
    columns = measured(gauge, small) if small else None
    if columns is not None:
        mask = subject.split(wrong_entries(gauge, columns, shot.g, shot.d))
        wrong.update({name: mask[name] for name in small if mask[name].any()})
    found = manners.affine(subject, shot.g, shot.d) or _alike(seen, like)
    return Diagnosis(found or _name(seen, shot, names, columns, wrong, seed), wrong)


def _alike(seen: Probe, like: Function | None) -> Finding | None:
    """Compare with edits of the family's declared Jacobian."""
    if like is None:
        return None
    subject = seen.instrument.subject
    call, _ = likened(subject, seen.instrument.y, like)
    shots = [(shot.g, shot.d) for shot in seen.shots]
    return None if call is None else name_by_structure(subject, call, shots)


def measured_size(subject: Subject, name: str) -> bool:
    """Return whether an input is small enough to be measured entry by entry."""
    return int(np.prod(subject.shapes[name])) <= 2048


def _name(
    seen: Probe,
    shot: Shot,
    names: tuple[str, ...],
    columns: Columns | None,
    wrong: dict[str, np.ndarray | None],
    seed: int,
) -> Finding | None:
    gauge = seen.instrument
    subject = gauge.subject
    if found := precision(subject, shot, gauge):
        return found
    if subject.frame.saved_overwritten(
        subject.call, subject.native(), subject.wrt, subject.split_output(shot.g)
    ):
        return Finding("mutates_argument", "a saved array is overwritten before it is used")
    if found := strides(subject, seed):
        return found
    for name in names:
        if not shot.d[subject.slices[name]].any():
            return Finding("dropped_grad", f"{name}: the gradient is zero")
    if columns is None or gauge.y.size > MOST_OUTPUTS:
        return wrapped(gauge, shot, seed) or _in_small(subject, seed) or scattered(wrong)
    instance = Instance(gauge, columns, seed)
    for pair in instance.pairs(columns.names):
        if found := _of_pair(instance, shot, pair, wrong, seed):
            return found
    return _nearly(shot)


def _in_small(subject: Subject, seed: int) -> Finding | None:
    """Name the bug on a smaller example, if it is there too."""
    for less in smaller(subject):
        try:
            seen = probe(less, seed)
            if seen.status == "wrong" and (found := diagnose(seen, seed).finding):
                return Finding(found.bug, found.evidence)
        except CodeRaised:
            continue
    return None


def _nearly(shot: Shot) -> Finding | None:
    """Agreement to about the digits of a narrower dtype."""
    size = float(np.linalg.norm(shot.d))
    share = abs(shot.slope.residual) / size if size else np.inf
    if share > 1e-6:
        return None
    return Finding("low_precision", f"right to {-np.log10(share):.0f} digits only")


def _of_pair(
    instance: Instance, shot: Shot, p: Pair, wrong: dict[str, np.ndarray | None], seed: int
) -> Finding | None:
    subject = instance.subject
    for hypothesis in generic.HYPOTHESES:
        if found := hypothesis(p):
            return found
    k = generic.scale_of(p)
    if k is not None and (found := explain_factor(subject, p, k)):
        return found
    if found := lost_contributions(subject, p) or few_entries(instance, p, wrong.get(p.name)):
        return found
    for hypothesis in generic.STRUCTURE:
        if found := hypothesis(p):
            return found
    found = generic.formula(p) or generic.factor(p) or parameters(subject, shot, p.name, seed)
    if found := found or compare_formulas(instance, p):
        return found
    gs = instance.cotangents(2)
    true = [(g @ p.true).reshape(p.x.shape) for g in gs]
    claimed = [(g @ p.claimed).reshape(p.x.shape) for g in gs]
    if np.isfinite(p.x).all() and (found := stages(p.x, p.name, true, claimed)):
        return found
    return leaks_between_samples(subject, shot, p.name, seed)
