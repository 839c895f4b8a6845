"""Leaving everything as it was: parameters, buffers, gradients and random states."""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

__all__ = ["Keeper"]


@dataclass
class _Kept:
    tensor: torch.Tensor
    value: torch.Tensor
    version: int

    def put_back(self, *, surely: bool) -> None:
        """Write the value back if it changed; ``surely`` looks where the version cannot tell."""
        if self.tensor._version != self.version or (surely and not self._same()):
            with torch.no_grad():
                self.tensor.data.copy_(self.value)
            self.version = self.tensor._version

    def _same(self) -> bool:
        a, b = self.tensor.detach(), self.value
        return torch.equal(a, b) or bool(((a == b) | ((a != a) & (b != b))).all())


class Keeper:
    """Copies of the tensors that a run may change, each taken when it is first met."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._gradients: dict[int, tuple[torch.Tensor, Any]] = {}
        self._states = (np.random.get_state(), random.getstate())
        self._generators = [torch.default_generator, *_cuda_generators()]
        self._generator_states = [each.get_state() for each in self._generators]

    def keep(self, tensor: torch.Tensor) -> None:
        """Remember a leaf of the graph, and its gradient."""
        if id(tensor) in self._kept:
            return
        with torch._C.DisableTorchFunction():  # no call of the run's
            if tensor.is_leaf:
                self._remember(tensor)
                self._gradients[id(tensor)] = tensor, tensor.grad
                if tensor.grad is not None:
                    self._remember(tensor.grad)

    def keep_module(self, module: torch.nn.Module, *, parameters: bool) -> None:
        """Remember a module's own buffers, and its parameters if they are asked for."""
        own = module.parameters(recurse=False) if parameters else ()
        for tensor in (*own, *module.buffers(recurse=False)):
            self.keep(tensor)

    def value(self, leaf: torch.Tensor) -> torch.Tensor:
        """Return what a leaf holds before a run."""
        self.keep(leaf)
        return self._kept[id(leaf)].value

    def rewind(self) -> None:
        """Go back to the beginning of a run."""
        np.random.set_state(self._states[0])
        random.setstate(self._states[1])
        for generator, state in zip(self._generators, self._generator_states, strict=True):
            generator.set_state(state)
        self._put_back(surely=False)

    def restore(self) -> None:
        """Leave everything as it was found."""
        self.rewind()
        self._put_back(surely=True)

    def _remember(self, tensor: torch.Tensor) -> None:
        self._kept[id(tensor)] = _Kept(tensor, tensor.detach().clone(), tensor._version)

    def _put_back(self, *, surely: bool) -> None:
        for kept in self._kept.values():
            kept.put_back(surely=surely)
        for tensor, gradient in self._gradients.values():
            tensor.grad = gradient


def _cuda_generators() -> tuple[torch.Generator, ...]:
    return tuple(torch.cuda.default_generators) if torch.cuda.is_initialized() else ()
