"""Wrong versions of a structured Jacobian that people write, for every kind of structure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from softgrad.axis import Axis
from softgrad.check.naming.likeness import Pull
from softgrad.structure import (
    Centering,
    Diagonal,
    Functional,
    Product,
    Structure,
    Sum,
    Transpose,
    WeightedCentering,
)

__all__ = ["Edit", "edits", "plain"]


@dataclass(frozen=True)
class Edit:
    """A wrong transposed product.

    Parameters
    ----------
    bug
        Its name.
    label
        What was done, with ``{J}`` for the Jacobian's name and ``{f}`` for the function's.
    pull
        The product.
    """

    bug: str
    label: str
    pull: Pull


@singledispatch
def plain(structure: Structure) -> Pull:
    """Return the transposed product as its formula says, fit for data that is no probability."""
    return structure.rmv


@plain.register
def _(structure: WeightedCentering) -> Pull:
    s, axis = structure.s, structure.axis
    return lambda g: s * (g - axis.sum(s * g) / axis.sum(s))


@plain.register
def _(structure: Centering) -> Pull:
    p, axis = structure.p, structure.axis
    return lambda g: g - p * axis.sum(g)


@singledispatch
def edits(structure: Structure) -> Iterator[Edit]:
    """Yield wrong versions of a structure's transposed product."""
    yield Edit("identity_jacobian", "nothing but the upstream gradient for {J}", lambda g: g)
    yield Edit("transposed", "the transpose of {J}", structure.mv)


@edits.register
def _(structure: WeightedCentering) -> Iterator[Edit]:
    s, axis = structure.s, structure.axis
    diagonal = structure.diagonal()
    yield Edit("diagonal_only", "only the diagonal of {J}", lambda g: diagonal * g)
    yield Edit("diagonal_only", "the rank-one term of {J} left out", lambda g: s * g)
    yield Edit("identity_jacobian", "{J} left out", lambda g: g)
    yield Edit("missing_term", "only the rank-one term of {J}", lambda g: structure.rmv(g) - s * g)
    yield Edit(
        "wrong_sign", "the rank-one term of {J} added", lambda g: 2 * s * g - structure.rmv(g)
    )
    for other, bug, where in _other_axes(axis, s.ndim):
        mean = replace(structure, axis=other)
        yield Edit(bug, f"the sum in {{J}} {where}", lambda g, a=other: s * (g - a.sum(s * g)))
        yield Edit(bug, f"the mean in {{J}} {where}", plain(mean))
    yield Edit(
        "wrong_normalizer", "the sum in {J} not divided", lambda g: s * (g - axis.sum(s * g))
    )
    yield Edit(
        "wrong_variable",
        "the unweighted mean in {J}",
        lambda g: s * (g - axis.sum(g) / axis.size(g)),
    )
    yield Edit("missing_chain_factor", "the leading weights of {J} left out", structure.centre)
    if (s == 0).any():
        yield Edit(
            "missing_chain_factor",
            "a gradient outside the support of {f}",
            lambda g: np.where(s == 0, g - axis.sum(s * g) / axis.sum(s), structure.rmv(g)),
        )
        every = replace(structure, s=np.ones_like(s))
        yield Edit("wrong_variable", "the mean in {J} also outside the support", plain(every))
    if s.ndim > 1 and axis.dim is not None and s.shape[-1] == s.shape[-2]:
        yield Edit(
            "accidental_broadcast",
            "the sum in {J} without its axis",
            lambda g: s * (g - Axis(axis.dim).drop(axis.sum(s * g))),
        )


@edits.register
def _(structure: Centering) -> Iterator[Edit]:
    p, axis = structure.p, structure.axis
    yield Edit("identity_jacobian", "the rank-one term of {J} left out", lambda g: g)
    yield Edit("transposed", "the transpose of {J}", structure.mv)
    yield Edit("diagonal_only", "only the diagonal of {J}", lambda g: (1 - p) * g)
    yield Edit("missing_term", "only the rank-one term of {J}", lambda g: -p * axis.sum(g))
    yield Edit("wrong_sign", "the rank-one term of {J} added", lambda g: g + p * axis.sum(g))
    yield Edit(
        "wrong_variable", "the log of the weights in {J}", lambda g: g - np.log(p) * axis.sum(g)
    )
    yield Edit("wrong_variable", "equal weights in {J}", lambda g: g - axis.sum(g) / axis.size(g))
    for other, bug, where in _other_axes(axis, p.ndim):
        yield Edit(bug, f"the sum in {{J}} {where}", lambda g, a=other: g - p * a.sum(g))
    if p.ndim > 1 and axis.dim is not None and p.shape[-1] == p.shape[-2]:
        yield Edit(
            "accidental_broadcast",
            "the sum in {J} without its axis",
            lambda g: g - p * Axis(axis.dim).drop(axis.sum(g)),
        )


@edits.register
def _(structure: Functional) -> Iterator[Edit]:
    p, axis = structure.p, structure.axis
    ones = replace(structure, p=np.ones_like(p))
    yield Edit("missing_chain_factor", "ones in place of the weights of {J}", ones.rmv)
    yield Edit(
        "wrong_normalizer",
        "the weights of {J} times their number",
        lambda g: axis.size(p) * structure.rmv(g),
    )
    yield Edit(
        "wrong_normalizer",
        "the weights of {J} over their number",
        lambda g: structure.rmv(g) / axis.size(p),
    )
    squared = replace(structure, p=p * p)
    yield Edit("wrong_variable", "the squared weights in {J}", squared.rmv)


@edits.register
def _(structure: Diagonal) -> Iterator[Edit]:
    d = structure.d
    with np.errstate(all="ignore"):
        changed = {
            ("identity_jacobian", "{f} left out"): np.ones_like(d),
            ("wrong_stage", "the derivative of {f} applied twice"): d * d,
            ("param_misapplied", "the derivative of {f} inverted"): np.where(d == 0, 0.0, 1 / d),
        }
    for (bug, label), other in changed.items():
        yield Edit(bug, label, replace(structure, d=other).rmv)


@edits.register
def _(structure: Product) -> Iterator[Edit]:
    outer, inner = structure.outer, structure.inner
    yield Edit("missing_chain_factor", "the inner factor of {J} left out", outer.rmv)
    yield Edit("missing_chain_factor", "the outer factor of {J} left out", inner.rmv)
    yield Edit("transposed", "the transpose of {J}", structure.mv)
    for edit in edits(outer):
        yield replace(edit, pull=lambda g, pull=edit.pull: inner.rmv(pull(g)))
    for edit in edits(inner):
        yield replace(edit, pull=lambda g, pull=edit.pull: pull(outer.rmv(g)))


@edits.register
def _(structure: Sum) -> Iterator[Edit]:
    for k, term in enumerate(structure.terms):
        yield Edit(
            "missing_term",
            f"term {k + 1} of {{J}} left out",
            lambda g, term=term: structure.rmv(g) - term.rmv(g),
        )
        yield Edit(
            "wrong_sign",
            f"term {k + 1} of {{J}} subtracted",
            lambda g, term=term: structure.rmv(g) - 2 * term.rmv(g),
        )
        for edit in edits(term):
            yield replace(
                edit,
                pull=lambda g, term=term, pull=edit.pull: structure.rmv(g) - term.rmv(g) + pull(g),
            )


@edits.register
def _(structure: Transpose) -> Iterator[Edit]:
    yield Edit("transposed", "the transpose of {J}", structure.of.rmv)
    yield Edit("identity_jacobian", "{J} left out", lambda g: g)
    if isinstance(structure.of, (WeightedCentering, Diagonal)):  # the same transposed
        yield from edits(structure.of)


def _other_axes(axis: Axis, ndim: int) -> Iterator[tuple[Axis, str, str]]:
    for dim in range(-ndim, 0):
        if axis.dim is not None and dim != axis.dim:
            yield Axis(dim), "wrong_axis", f"along axis {dim}"
    if ndim > 1 and axis.dim is not None:
        yield Axis(None), "batch_mixed", "over everything"
