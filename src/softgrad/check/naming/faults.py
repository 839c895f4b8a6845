"""Bugs as structural edits of the declared Jacobian, and of its parameters; nothing per member."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from softgrad.axis import Axis
from softgrad.check.naming.likeness import Likeness
from softgrad.check.report.finding import Finding
from softgrad.check.subject.subject import Subject
from softgrad.structure import Centering, Diagonal, Functional, Structure, WeightedCentering

__all__ = ["Fault", "edits", "faults", "name_by_structure"]

Pull = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Fault:
    """A wrong derivative that people write.

    Parameters
    ----------
    bug
        Its name.
    label
        The edit, as a phrase.
    gradient
        From an upstream gradient to the wrong gradients by input name.
    """

    bug: str
    label: str
    gradient: Callable[[np.ndarray], dict[str, np.ndarray]]


def faults(call: Likeness) -> Iterator[Fault]:
    """Yield every edit of a call's Jacobian and parameters."""
    yield Fault("wrong_sign", "the negative", lambda g: _negative(call.gradient(g)))
    for node, name, structure in call.nodes():
        for bug, label, pull in edits(structure):
            at = (node, name)
            inner = node is not call.call.root and isinstance(structure, Diagonal)
            named = {"identity_jacobian": "param_ignored", "wrong_stage": "param_misapplied"}
            yield Fault(
                named.get(bug, bug) if inner else bug,
                f"{label} of {node.member.name}",
                lambda g, at=at, pull=pull: call.gradient(g, at, pull),
            )
    yield from _parameter_faults(call)


def _negative(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: -value for name, value in found.items()}


def _parameter_faults(call: Likeness) -> Iterator[Fault]:
    """Yield the derivatives of the same function with an option left out, or applied twice."""
    for option, parameter in call.function.parameters.items():
        if parameter.default is parameter.empty or option not in call.arguments:
            continue
        value = call.arguments[option]
        if option in ("axis", "keepdims"):
            continue
        if option == "reduction":
            for other in ("mean", "sum"):
                changed = call.without(option, other) if other != value else None
                if changed is not None and changed.value.shape == call.value.shape:
                    yield Fault("wrong_normalizer", f"reduction={other!r}", changed.gradient)
            continue
        dropped = call.without(option, parameter.default)
        if dropped is not None and dropped.value.shape == call.value.shape:
            yield Fault("param_ignored", f"{option} left out", dropped.gradient)
        if isinstance(value, float) and value > 0:
            for label, other in (
                ("twice", value**2),
                ("inverted", 1 / value),
                ("complemented", 1 - value),
            ):
                changed = call.without(option, other)
                if changed is not None:
                    yield Fault("param_misapplied", f"{option} {label}", changed.gradient)


@singledispatch
def edits(structure: Structure) -> Iterator[tuple[str, str, Pull]]:
    """Yield wrong versions of a structure's transposed product: name, label, product."""
    yield "identity_jacobian", "nothing but the upstream", lambda g: g


@edits.register
def _(structure: WeightedCentering) -> Iterator[tuple[str, str, Pull]]:
    s, axis = structure.s, structure.axis
    diagonal = structure.diagonal()
    yield "diagonal_only", "only the diagonal", lambda g: diagonal * g
    yield "diagonal_only", "all but the rank-one term", lambda g: s * g
    yield "identity_jacobian", "nothing but the upstream", lambda g: g
    for other, bug, where in _other_axes(axis, s.ndim):
        yield bug, f"the sum {where}", lambda g, a=other: s * (g - a.sum(s * g))
        yield bug, f"the mean {where}", lambda g, a=other: s * (g - a.sum(s * g) / a.sum(s))
    yield "wrong_normalizer", "the sum, not divided by Σs,", lambda g: s * (g - axis.sum(s * g))
    yield "wrong_variable", "the unweighted mean", lambda g: s * (g - axis.sum(g) / axis.size(g))
    yield "missing_chain_factor", "all but the leading weight", lambda g: structure.centre(g)
    if s.ndim > 1 and len(set(s.shape)) == 1:
        lost = Axis(axis.dim)
        yield (
            "accidental_broadcast",
            "the sum without its axis",
            lambda g: s * (g - lost.drop(lost.sum(s * g))),
        )


@edits.register
def _(structure: Centering) -> Iterator[tuple[str, str, Pull]]:
    p, axis = structure.p, structure.axis
    yield "identity_jacobian", "all but the rank-one term", lambda g: g
    yield "transposed", "the transpose", structure.mv
    yield "diagonal_only", "only the diagonal", lambda g: (1 - p) * g
    yield "wrong_sign", "the rank-one term with its sign flipped", lambda g: g + p * axis.sum(g)
    yield (
        "wrong_variable",
        "the output in place of its exponential",
        lambda g: g - np.log(p) * axis.sum(g),
    )
    for other, bug, where in _other_axes(axis, p.ndim):
        yield bug, f"the sum {where}", lambda g, a=other: g - p * a.sum(g)


@edits.register
def _(structure: Functional) -> Iterator[tuple[str, str, Pull]]:
    p, axis = structure.p, structure.axis
    yield (
        "missing_chain_factor",
        "ones in place of the weights",
        lambda g: np.ones_like(p) * axis.lift(g),
    )
    yield (
        "wrong_normalizer",
        "the weights times their number",
        lambda g: axis.size(p) * p * axis.lift(g),
    )
    yield (
        "wrong_normalizer",
        "the weights over their number",
        lambda g: p / axis.size(p) * axis.lift(g),
    )


@edits.register
def _(structure: Diagonal) -> Iterator[tuple[str, str, Pull]]:
    d, shape = structure.d, structure.shape
    yield "identity_jacobian", "nothing but the upstream", Diagonal(np.ones_like(d), shape).rmv
    yield "wrong_stage", "the derivative twice", Diagonal(d * d, shape).rmv
    yield "param_misapplied", "the inverse derivative", Diagonal(1 / d, shape).rmv


def _other_axes(axis: Axis, ndim: int) -> Iterator[tuple[Axis, str, str]]:
    for dim in range(-ndim, 0):
        if axis.dim is not None and dim != axis.dim:
            yield Axis(dim), "wrong_axis", f"along axis {dim}"
    if ndim > 1 and axis.dim is not None:
        yield Axis(None), "batch_mixed", "over everything"


def name_by_structure(
    subject: Subject, call: Likeness, shots: list[tuple[np.ndarray, np.ndarray]]
) -> Finding | None:
    """Return the edit that gives exactly the claimed gradients, for every upstream seen."""
    slack = max(1e-6, 64 * max(subject.eps_in, subject.eps_out))
    names = [name for name in subject.wrt if name in call.names]
    if not names:
        return None
    with np.errstate(all="ignore"):
        truths = [call.gradient(g) for g, _ in shots]
        for fault in faults(call):
            if _all_close(subject, names, fault, shots, truths, slack):
                told = f"your gradient is that of {call.function.name} with {fault.label}"
                return Finding(fault.bug, told)
    return None


def _all_close(
    subject: Subject,
    names: list[str],
    fault: Fault,
    shots: list[tuple[np.ndarray, np.ndarray]],
    truths: list[dict[str, np.ndarray]],
    slack: float,
) -> bool:
    different = False
    for (g, d), truth in zip(shots, truths, strict=True):
        try:
            predicted = fault.gradient(g)
        except (ValueError, IndexError):
            return False
        claimed = subject.split(d)
        for name in names:
            size = float(np.linalg.norm(claimed[name]))
            shape = np.shape(predicted[name])
            if shape != claimed[name].shape:
                return False
            gap = float(np.linalg.norm(predicted[name] - claimed[name]))
            if not gap <= slack * size:
                return False
            different |= float(np.linalg.norm(predicted[name] - truth[name])) > 10 * slack * size
    return different
