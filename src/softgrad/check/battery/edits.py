"""Rows that change the values of one array: an edit, the words for it, and its control."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant

__all__ = ["Edit", "everywhere"]


@dataclass(frozen=True)
class Edit:
    """One way to change an array.

    Parameters
    ----------
    name
        Of the row.
    trigger
        What sets the changed example apart, with ``{name}`` for the input's name.
    change
        Returns the changed array, ``None`` where the idea does not apply. The array belongs to it.
    control
        Makes the nearest array without the property, and ...
    otherwise
        ... the trigger to tell where the derivative is wrong there already.
    domains
        The domains it applies to; all where empty.
    logits
        Whether it applies only to inputs that behave as logits.
    constant
        Whether it applies to the arrays that are not differentiated, not to those that are.
    """

    name: str
    trigger: str
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray | None]
    control: Callable[[np.ndarray, np.random.Generator], np.ndarray | None] | None = None
    otherwise: str = "{name} has other values"
    domains: tuple[str, ...] = ()
    logits: bool = False
    constant: bool = False

    @property
    def row(self) -> Row:
        """The row of the battery."""
        return Row(self.name, self.variants)

    def variants(self, example: Example) -> Iterator[Variant]:
        """Yield the example with the edit, for each input it applies to."""
        done: set[str] = set()
        for name in example.constant if self.constant else example.differentiable:
            domain = example.domains.get(name)
            if name in done or domain is None:
                continue
            if self.domains and domain.name not in self.domains:
                continue
            if self.logits and not example.are_logits(name):
                continue
            names = _together(example, name)
            done |= set(names)
            if made := self._variant(example, names):
                yield made

    def _variant(self, example: Example, names: tuple[str, ...]) -> Variant | None:
        state = example.rng.bit_generator.state
        told = " and ".join(names)
        made = []
        for change in (self.change, self.control):
            example.rng.bit_generator.state = state
            changed = None if change is None else _changed(example, names, change)
            made.append(None if changed is None else example.with_(changed))
        if made[0] is None:
            return None
        control = made[1] and Variant(self.otherwise.format(name=told), made[1])
        return Variant(self.trigger.format(name=told), made[0], control=control)


def _changed(
    example: Example, names: tuple[str, ...], change: Callable
) -> dict[str, np.ndarray] | None:
    changed = {}
    for name in names:
        array = change(example.arrays[name].copy(), example.rng)
        if array is None:
            return None
        finite = np.isfinite(array)
        kept = example.domains[name].keep(np.where(finite, array, 0.0)) if finite.all() else array
        changed[name] = kept
    return changed


def _together(example: Example, name: str) -> tuple[str, ...]:
    """Return the inputs that change with ``name``: of its shape, if they are distributions."""
    domain, shape = example.domains[name].name, example.arrays[name].shape
    if domain not in ("probabilities", "log-probabilities"):
        return (name,)
    alike = [
        other
        for other, kind in example.domains.items()
        if other != name and kind.name == domain and example.arrays[other].shape == shape
    ]
    return (name, *alike)


def everywhere(example: Example) -> Iterator[Variant]:
    """Yield the example with other values of every differentiable input."""
    changed = {
        name: example.domains[name].another(example.arrays[name], example.rng)
        for name in example.subject.wrt
    }
    yield Variant("the inputs have other values", example.with_(changed))
