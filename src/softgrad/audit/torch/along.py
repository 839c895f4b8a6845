"""Tensors that move along random directions: a function of one number for each."""

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
import torch

from softgrad.audit.torch.flow import gradients
from softgrad.check import Report, check
from softgrad.check.glance import glance

__all__ = ["Along", "size_of"]

Tensors = Mapping[str, torch.Tensor]

_LOOK = {  # near enough to jump over few kinks, and good enough to see a share that is wrong
    torch.float64: (1 / 32, 3e-3),
    torch.float32: (1 / 32, 5e-2),
}
_SIGN, _FRACTION, _HALF = -(2**31), 2**23 - 1, 0x3F000000
_BLOCK = 2**20


class Along:
    """What a function's outputs add up to when its tensors move, each along a random direction.

    So a large function costs a checker no more than its own runs: neither a copy of its inputs in
    NumPy nor random numbers for each look. The outputs are multiplied by random numbers.

    Parameters
    ----------
    starts
        The tensors by name.
    evaluate
        Takes the moved tensors by name and returns the outputs.
    seed
        Of directions and upstream gradients.
    into
        Tensors to move in place, if ``evaluate`` does not take them from its argument.
    """

    def __init__(
        self,
        starts: Tensors,
        evaluate: Callable[[Tensors], list[torch.Tensor]],
        seed: int,
        into: Tensors | None = None,
    ) -> None:
        self._starts, self._evaluate, self._into = starts, evaluate, into
        self._generator = torch.Generator().manual_seed(seed)
        self._upstream: list[tuple[torch.Tensor, torch.Tensor | None]] = []
        self._told: tuple[tuple[float, ...], dict[str, np.ndarray]] | None = None

    def glance(self, seed: int) -> Report:
        """Look at the derivative once."""
        closeness, goal = _LOOK[self.dtype]
        how = {"lines": 1, "closeness": closeness, "goal": goal}
        return glance(self.value, self._still, grad=self.slopes, seed=seed, **how)

    def check(self, seed: int) -> Report:
        """Return the checker's report on the derivative by the steps."""
        return check(self.value, self._still, grad=self.slopes, battery=False, seed=seed)

    def value(self, **steps: np.ndarray) -> np.ndarray:
        """Return what the outputs add up to after ``steps``."""
        with torch.no_grad():
            total = self._total(self._moved(steps))
        return np.asarray(total.item(), self._number)

    def slopes(self, **steps: np.ndarray) -> dict[str, np.ndarray]:
        """Return the claimed derivative by each step."""
        asked = tuple(map(float, steps.values()))
        if self._told is None or self._told[0] != asked:
            self._told = asked, self._claimed(steps)
        return dict(self._told[1])

    def _claimed(self, steps: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        with torch.enable_grad():
            moved = self._moved(steps)
            total = self._total(moved)
        found = gradients(total, [*moved.values()])
        slopes = {}
        for (name, (direction, scale)), slope in zip(self._directions.items(), found, strict=True):
            told = 0.0 if slope is None else scale * _projected(slope, direction)
            slopes[name] = np.asarray(told, self._number)
        return slopes

    @cached_property
    def _directions(self) -> dict[str, tuple[torch.Tensor, float]]:
        """Directions with the factor that makes them as long as the tensors are."""
        made = {}
        for name, start in self._starts.items():
            made[name] = _drawn(start, self._generator), size_of(start.detach())
        return made

    @cached_property
    def dtype(self) -> torch.dtype:
        """The precision in which the function is run."""
        kinds = {each.dtype for each in (self._into or self._starts).values()}
        return torch.float64 if kinds <= {torch.float64, torch.complex128} else torch.float32

    @property
    def _number(self) -> type[np.floating]:
        return np.float64 if self.dtype is torch.float64 else np.float32

    @property
    def _still(self) -> dict[str, np.ndarray]:
        return {name: np.zeros((), self._number) for name in self._starts}

    def _moved(self, steps: Mapping[str, np.ndarray]) -> Tensors:
        for name, (direction, scale) in self._directions.items():
            place, t = self._places[name], float(steps[name])
            with torch.no_grad():
                place.data.copy_(self._starts[name])
                if t:
                    place.data.add_(direction, alpha=t * scale)
        return {name: place.requires_grad_() for name, place in self._places.items()}

    @cached_property
    def _places(self) -> Tensors:
        if self._into is not None:
            return self._into
        return {name: torch.empty_like(each.detach()) for name, each in self._starts.items()}

    def _total(self, moved: Tensors) -> torch.Tensor:
        """Return what the outputs add up to, but for single ones that are not finite."""
        outputs = self._evaluate(moved)
        if not self._upstream:
            for out in outputs:
                g = _drawn(out, self._generator)
                live = torch.isfinite(out.detach())
                self._upstream.append((g, None if live.all() or not live.any() else ~live))
        parts = [
            _inner(g, out if lost is None else out.masked_fill(lost, 0.0))
            for (g, lost), out in zip(self._upstream, outputs, strict=True)
        ]
        return torch.stack(parts).sum()


def size_of(tensor: torch.Tensor) -> float:
    """Return how large a tensor's finite entries are on the average; 1 for zeros."""
    size = float(torch.linalg.vector_norm(tensor))
    if not np.isfinite(size):
        size = float(torch.linalg.vector_norm(tensor.nan_to_num(0.0, 0.0, 0.0)))
    return size / max(tensor.numel(), 1) ** 0.5 or 1.0


def _drawn(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return numbers of either sign and from a half to one: no entry is near 0."""
    count = like.numel() * (2 if like.is_complex() else 1)
    bits = torch.empty((count + 1) // 2, dtype=torch.int64).random_(
        -(2**63), None, generator=generator
    )
    bits = bits.view(torch.int32)[:count].bitwise_and_(_SIGN | _FRACTION).bitwise_or_(_HALF)
    drawn = bits.view(torch.float32).to(like.device)
    if like.is_complex():
        return torch.view_as_complex(drawn.view(*like.shape, 2))
    return drawn.view(like.shape)


def _inner(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the real part of the inner product, summed up in float64."""
    return torch.dot(_flat(a).double(), _flat(b).double())


def _projected(slope: torch.Tensor, direction: torch.Tensor) -> float:
    """Return the inner product of what is long, a block at a time."""
    pairs = zip(_flat(slope).split(_BLOCK), _flat(direction).split(_BLOCK), strict=True)
    return sum(float(_inner(a, b)) for a, b in pairs)


def _flat(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    real = torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
    return real.flatten()
