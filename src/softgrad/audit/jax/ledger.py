"""What a run does: its distinct equations, where gradients are cut, what is not finite."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from softgrad.audit.jax.calls import custom, key_of, kind_of, module_of, name_of, place_of, written
from softgrad.audit.jax.flow import all_of, flow, through
from softgrad.audit.jax.traced import Traced
from softgrad.audit.jax.walk import Made, walk
from softgrad.audit.place import Place
from softgrad.audit.report.notes import lost, strange
from softgrad.audit.report.report import Finding, Note
from softgrad.check import Report

__all__ = ["Entry", "Ledger"]


@dataclass
class Entry:
    """A distinct equation.

    Parameters
    ----------
    made
        The first of its kind.
    within
        The line of an installed package that makes it.
    places, modules
        The user's lines and the modules that make it, in order.
    count
        How often it is made.
    """

    made: Made
    within: Place | None = None
    places: dict[Place, None] = field(default_factory=dict)
    modules: dict[str, None] = field(default_factory=dict)
    count: int = 0

    def add(self, other: "Entry") -> None:
        """Count another entry's equations as well."""
        self.within = self.within or other.within
        self.places |= other.places
        self.modules |= other.modules
        self.count += other.count

    def finding(self, report: Report) -> Finding:
        """Return what an audit tells about it."""
        places, modules = tuple(self.places), tuple(self.modules)
        return Finding(written(self.made), places, self.within, modules, self.count, report)


class Ledger:
    """What one run of a function does; if it is ``thorough``, no two equations are alike."""

    def __init__(self, whole: Traced, *, thorough: bool) -> None:
        self._thorough = thorough
        self.entries: dict[tuple, Entry] = {}
        self._cuts: list[tuple[int, Made]] = []
        self._strange: Made | None = None
        own = {name: 1 << k for k, name in enumerate(whole.floating)}
        arrays = dict(sorted(whole.arrays.items()))
        bits = [own.get(name, 0) for name in arrays]
        walk(whole.jaxpr, list(arrays.values()), bits, self._seen)
        reached = all_of(flow(whole.jaxpr, bits))
        missing = {name: bit for name, bit in own.items() if not reached & bit}
        self.notes = [*self._cut_off(missing), *self._not_finite()]

    def kinds(self) -> list[Entry]:
        """Return one entry for each equation with a derivative of its own, and each primitive."""
        found: dict[tuple, Entry] = {}
        for key, entry in self.entries.items():
            kind = key if custom(entry.made.eqn) else kind_of(entry.made)
            found.setdefault(kind, Entry(entry.made)).add(entry)
        return [*found.values()]

    def _seen(self, made: Made) -> list[Any]:
        """Enter an equation if anything that it returns is differentiable, and make it."""
        given = all_of(made.bits)
        if not any(through(made.eqn, made.bits)):
            if given:
                self._cuts.append((given, made))
            return made.output()
        place, within = place_of(made)
        places, modules = {place: None} if place else {}, {module_of(made.eqn): None}
        key = (len(self.entries),) if self._thorough else key_of(made)
        entry = Entry(made, within, places, modules, 1)
        self.entries.setdefault(key, Entry(made)).add(entry)
        output = made.output()
        if self._strange is None and not _finite(output) and _finite(made.values):
            self._strange = made
        return output

    def _cut_off(self, missing: dict[str, int]) -> Iterator[Note]:
        """Tell which inputs the result does not depend on for differentiation, and why."""
        by: dict[int | None, list[str]] = {}
        for name, bit in missing.items():
            cut = next((k for k, (bits, _) in enumerate(self._cuts) if bits & bit), None)
            by.setdefault(cut, []).append(name)
        for cut, names in by.items():
            made = None if cut is None else self._cuts[cut][1]
            place = None if made is None else place_of(made)[0]
            why = None if made is None else name_of(made.eqn)
            yield lost(names, why, place)

    def _not_finite(self) -> Iterator[Note]:
        if self._strange is not None:
            place = place_of(self._strange)[0]
            yield strange("value", name_of(self._strange.eqn), place)


def _finite(values: list[Any]) -> bool:
    floating = [v for v in values if jnp.issubdtype(getattr(v, "dtype", int), jnp.inexact)]
    return all(bool(np.isfinite(np.asarray(v, np.complex128)).all()) for v in floating)
