"""What the user gave to the check, at the example where it fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from softgrad.check.frameworks import Frame
from softgrad.check.subject.binding import bind, input_names, takes_keywords
from softgrad.check.subject.layers import copied
from softgrad.check.subject.plan import Plan

__all__ = ["Checked", "checked_at", "each_of"]


@dataclass(frozen=True)
class Checked:
    """What was checked.

    Parameters
    ----------
    f
        The function or the layer.
    kind, claim
        ``"vjp"``, ``"jvp"``, ``"grad"`` or ``"jacobian"`` and the claimed derivative, or ``None``
        and ``None`` where it is the array library's own.
    frame
        The array library.
    inputs
        The arguments by name, in arrays that may be written into.
    wrt
        The differentiable ones.
    named
        Those that f takes by name; the others go by position.
    """

    f: Any
    kind: str | None
    claim: Callable | None
    frame: Frame
    inputs: dict[str, Any]
    wrt: tuple[str, ...]
    named: frozenset[str]

    @property
    def layer(self) -> bool:
        """Whether f is an object with a backward pass of its own."""
        return self.claim is not None and self.claim == getattr(self.f, "backward", None)

    @cached_property
    def _runs(self) -> Any:
        """The layer that runs, in place of the user's own."""
        return copied(self.f)

    @property
    def function(self) -> Callable:
        """What is called."""
        if self.layer:
            return self._runs.forward
        return getattr(self.f, "apply", self.f) if isinstance(self.f, type) else self.f

    def called(self, at: Mapping[str, str]) -> str:
        """How ``f`` is called with the arguments that ``at`` names."""
        given = [f"{n}={at[n]}" if n in self.named else at[n] for n in self.inputs]
        return f"f({', '.join(given)})"

    def claim_called(self, first: str | None, at: Mapping[str, str]) -> str:
        """How ``claim`` is called with ``first``, the output ``y`` and the arguments in ``at``."""
        assert self.claim is not None
        args, kwargs = bind(self.claim, first, "y", {name: at[name] for name in self.handed})
        return f"claim({', '.join([*map(str, args), *(f'{n}={e}' for n, e in kwargs.items())])})"

    @property
    def size(self) -> int:
        """How many differentiable entries there are."""
        return sum(self.frame.to_numpy(self.inputs[name]).size for name in self.wrt)

    @property
    def handed(self) -> dict[str, Any]:
        """The inputs that the claim may take: none of a layer's ``backward(g)``."""
        names = input_names(self.claim, 2) if self.layer and self.claim else ()
        return {} if "input1" in names else self.inputs

    def value(self, *, wide: bool = False) -> Any:
        """Return what f returns for the example, or for the same numbers in float64."""
        at = dict(self.inputs)
        if wide:
            like, host = self.frame.like, self.frame.to_numpy
            at |= {n: like(host(at[n]), at[n], wide=True) for n in self.wrt}
        named = {name: at.pop(name) for name in self.named}
        return self.function(*at.values(), **named)

    def claimed(self, y: Any) -> Any:
        """Return what the claim returns for the example, whatever its structure."""
        if self.claim is None:
            return ()
        first: Any = None
        if self.kind == "vjp":
            ups = [self._ones(each) for each in each_of(y) if self.frame.is_floating(each)]
            first = tuple(ups) if isinstance(y, (tuple, list)) else ups[0]
        elif self.kind == "jvp":
            ups = [self._ones(self.inputs[name]) for name in self.wrt]
            first = ups[0] if len(ups) == 1 else tuple(ups)
        claim = self._runs.backward if self.layer else self.claim
        args, kwargs = bind(claim, first, y, self.handed)
        return claim(*args, **kwargs)

    def _ones(self, like: Any) -> Any:
        return self.frame.like(np.ones(self.frame.to_numpy(like).shape), like)


def checked_at(
    f: Any,
    claims: Mapping[str, Callable | None],
    inputs: Any,
    planned: Plan,
    example: Mapping[str, Any] | None,
) -> Checked | None:
    """Return what was checked, at ``example`` if it is given; ``None`` if an input is a tree."""
    count = len(inputs) if isinstance(inputs, (tuple, list, Mapping)) else 1
    names = list(planned.inputs)[:count]
    if len(names) < count or (isinstance(inputs, Mapping) and list(inputs) != names):
        return None
    frame, moved = planned.frame, dict(example or {})
    values = {n: moved[n] if n in moved else _copy(frame, planned.inputs[n]) for n in names}
    added = {n: value for n, value in moved.items() if n not in planned.inputs}
    wrt = tuple(name for name in planned.wrt if name in names)
    kind, claim = next(((k, c) for k, c in claims.items() if c is not None), (None, None))
    applied = isinstance(f, type) and hasattr(f, "apply")  # a torch.autograd.Function
    if kind is None and not applied and hasattr(f, "forward") and hasattr(f, "backward"):
        kind, claim = "vjp", f.backward
    checked = Checked(f, kind, claim, frame, {**values, **added}, wrt, frozenset(added))
    if isinstance(inputs, Mapping) and takes_keywords(checked.function, checked.inputs):
        checked = replace(checked, named=frozenset(checked.inputs))
    return checked if wrt else None


def _copy(frame: Frame, value: Any) -> Any:
    return frame.like(frame.to_numpy(value), value) if frame.is_array(value) else value


def each_of(value: Any) -> tuple[Any, ...]:
    """Return the members of a tuple or list, or the value itself."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)
