"""Tensors that move along random directions: a function of one number for each."""

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
import torch

from softgrad.audit.torch.flow import gradients
from softgrad.check import Report, check
from softgrad.check.glance import glance

__all__ = ["Along"]

Tensors = Mapping[str, torch.Tensor]

_CLOSE = {torch.float64: 1 / 32, torch.float32: 1.0}
_UNIT = 2**14


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
        close = _CLOSE[self.dtype]
        return glance(
            self.value, self._still, grad=self.slopes, lines=1, closeness=close, seed=seed
        )

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
            told = 0.0 if slope is None else scale * float(_inner(direction, slope))
            slopes[name] = np.asarray(told, self._number)
        return slopes

    @cached_property
    def _directions(self) -> dict[str, tuple[torch.Tensor, float]]:
        """Directions with the factor that makes them as long as the tensors are."""
        made = {}
        for name, start in self._starts.items():
            made[name] = _drawn(start, self._generator), _size(start.detach()) / _UNIT
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
        moved = {}
        for name, (direction, scale) in self._directions.items():
            start, t = self._starts[name].detach(), float(steps[name])
            place = torch.empty_like(start) if self._into is None else self._into[name]
            with torch.no_grad():
                place.data.copy_(start)
                if t:
                    place.data.add_(direction, alpha=t * scale)
            moved[name] = place.requires_grad_()
        return moved

    def _total(self, moved: Tensors) -> torch.Tensor:
        """Return what the outputs add up to, but for single ones that are not finite."""
        outputs = self._evaluate(moved)
        if not self._upstream:
            for out in outputs:
                g = _drawn(out, self._generator).to(out.dtype).div_(_UNIT)
                live = torch.isfinite(out.detach())
                self._upstream.append((g, None if live.all() or not live.any() else ~live))
        parts = [
            _inner(g, out if lost is None else out.masked_fill(lost, 0.0))
            for (g, lost), out in zip(self._upstream, outputs, strict=True)
        ]
        return torch.stack(parts).sum()


def _size(tensor: torch.Tensor) -> float:
    """Return how large a tensor's finite entries are on the average; 1 for zeros."""
    size = float(torch.linalg.vector_norm(tensor))
    if not np.isfinite(size):
        size = float(torch.linalg.vector_norm(tensor.nan_to_num(0.0, 0.0, 0.0)))
    return size / max(tensor.numel(), 1) ** 0.5 or 1.0


def _drawn(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return numbers of either sign, a half to one and a half of ``_UNIT`` large, in few bytes."""
    shape = (*like.shape, 2) if like.is_complex() else like.shape
    half = _UNIT // 2
    drawn = torch.randint(-_UNIT, _UNIT, shape, generator=generator, dtype=torch.int16)
    drawn += torch.where(drawn < 0, -half, half).to(torch.int16)
    drawn = drawn.to(like.device)
    if not like.is_complex():
        return drawn
    return torch.view_as_complex(drawn.to(like.real.dtype))


def _inner(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the real part of the inner product, summed up in float64."""
    if b.is_complex():
        a, b = torch.view_as_real(a.resolve_conj()), torch.view_as_real(b.resolve_conj())
    return (a * b).sum(dtype=torch.float64)
