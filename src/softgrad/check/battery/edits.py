"""Rows that change the values of one array: an edit, the words for it, and its control."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from softgrad.check.battery.example import Example
from softgrad.check.battery.variant import Row, Variant

__all__ = ["Change", "Edit", "everywhere"]

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray | None]
"""Returns the changed array, which it may write into; ``None`` where the idea does not apply."""


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
        Makes the changed array.
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
    clipped
        Whether what leaves the domain is brought back.
    """

    name: str
    trigger: str
    change: Change
    control: Change | None = None
    otherwise: str = "{name} has other values"
    domains: tuple[str, ...] = ()
    logits: bool = False
    constant: bool = False
    clipped: bool = True

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
        changed = _changed(example, names, self.change, self.clipped)
        if changed is None:
            return None
        control = None
        if self.control is not None:
            example.rng.bit_generator.state = state
            without = _changed(example, names, self.control, self.clipped)
            if without is not None:
                control = Variant(self.otherwise.format(name=told), example.with_(without))
        return Variant(self.trigger.format(name=told), example.with_(changed), control=control)


def _changed(
    example: Example, names: tuple[str, ...], change: Change, clipped: bool
) -> dict[str, np.ndarray] | None:
    changed = {}
    for name in names:
        array = change(example.arrays[name].copy(), example.rng)
        if array is None:
            return None
        keep = clipped and np.isfinite(array).all()
        changed[name] = example.domains[name].keep(array) if keep else array
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
