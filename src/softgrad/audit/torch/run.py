"""A model on its batch, run again and again from the same state."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn.modules import module as hooks
from torch.utils._pytree import tree_leaves

from softgrad.audit.torch.keeper import Keeper
from softgrad.audit.torch.modules import Modules
from softgrad.audit.torch.tape import Call, Tape, tensors

__all__ = ["Run"]

_BACKWARD = "torch.Tensor.backward"


class _Reached(BaseException):
    """The run has come to its backward pass."""


@dataclass
class Run:
    """What is audited: a callable, its inputs, and what makes a number of its output.

    Parameters
    ----------
    function
        A module, or any callable; one that calls ``backward`` is run up to there.
    args, kwargs
        Its inputs.
    loss
        Applied to the output.
    seed
        Of the signs that make a number of an output which is none.
    """

    function: Callable
    args: tuple
    kwargs: Mapping[str, Any]
    loss: Callable | None
    seed: int
    keeper: Keeper = field(default_factory=Keeper)

    def total(self, make: Callable[[Call], Any]) -> torch.Tensor | None:
        """Return the loss of one run, each call of which is made by ``make``.

        None where nothing that was returned requires a gradient.
        """

        def step(call: Call) -> Any:
            if call.name == _BACKWARD:
                raise _Reached(call.args[0])
            for leaf in tree_leaves((call.args, dict(call.kwargs))):
                if isinstance(leaf, torch.Tensor) and leaf.requires_grad:
                    self.keeper.keep(leaf)
            return make(call)

        modules = Modules(self.function)
        tape = Tape(step, lambda: modules.path)
        self.keeper.rewind()
        with torch.enable_grad(), modules.watched(), tape.running():
            try:
                output = self.function(*self.args, **self.kwargs)
                output = output if self.loss is None else self.loss(output)
            except _Reached as reached:
                output = reached.args[0]
        return self._number(output)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Return a context after which parameters, buffers, gradients and states are as before."""

        def enter(module: torch.nn.Module, _: Any) -> None:
            self.keeper.keep_module(module)

        handle = hooks.register_module_forward_pre_hook(enter)
        try:
            yield
        finally:
            handle.remove()
            self.keeper.restore()

    def parameters(self) -> list[torch.Tensor]:
        """Return the parameters of a module."""
        return [*self.function.parameters()] if isinstance(self.function, torch.nn.Module) else []

    def names(self) -> dict[int, str]:
        """Return the names of a module's parameters by their identity."""
        if not isinstance(self.function, torch.nn.Module):
            return {}
        return {id(p): name for name, p in self.function.named_parameters()}

    def _number(self, output: Any) -> torch.Tensor | None:
        results = [each for each in tensors(output) if each.requires_grad]
        if len(results) == 1 and results[0].numel() == 1:
            return results[0].sum()
        rng = np.random.default_rng(self.seed)
        parts = []
        for each in results:
            signs = torch.as_tensor(rng.choice([-1.0, 1.0], tuple(each.shape)))
            parts.append((each * signs.to(each)).sum())
        return torch.stack([part.real for part in parts]).sum() if parts else None
