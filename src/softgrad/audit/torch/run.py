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
from softgrad.audit.torch.seams import Reached, reaching, uncompiled
from softgrad.audit.torch.tape import Call, Tape, tensors

__all__ = ["Run"]


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
    keeper
        Puts back what a run changes.
    """

    function: Callable
    args: tuple
    kwargs: Mapping[str, Any]
    loss: Callable | None
    seed: int
    keeper: Keeper = field(default_factory=Keeper)
    _modules: list[torch.nn.Module] = field(default_factory=list, init=False)
    _within: set[int] = field(default_factory=set, init=False)

    def total(self, make: Callable[[Call], Any] | None = None) -> torch.Tensor | None:
        """Return the loss of one run, each call of which is made by ``make`` if that is given.

        None where nothing that was returned requires a gradient.
        """
        self.keeper.rewind()
        with torch.enable_grad():
            return self._number(self._output(make))

    def _output(self, make: Callable[[Call], Any] | None) -> Any:
        """Return what a run returns, or what it starts its backward pass from."""
        with uncompiled(), reaching(), self._seen(make):
            try:
                output = self.function(*self.args, **self.kwargs)
                return output if self.loss is None else self.loss(output)
            except Reached as reached:
                backward = reached
        pairs = zip(backward.tensors, backward.upstream, strict=True)
        parts = [t.sum() if g is None else (t * g.to(t)).sum() for t, g in pairs]
        return torch.stack(parts).sum()

    @contextmanager
    def _seen(self, make: Callable[[Call], Any] | None) -> Iterator[None]:
        if make is None:
            yield
            return

        def step(call: Call) -> Any:
            for leaf in tree_leaves((call.args, dict(call.kwargs))):
                if isinstance(leaf, torch.Tensor) and leaf.requires_grad:
                    self.keeper.keep(leaf)
            return make(call)

        modules = Modules(self.function)
        with modules.watched(), Tape(step, lambda: modules.path).running():
            yield

    @contextmanager
    def undone(self, *, parameters: bool = True) -> Iterator[None]:
        """Return a context after which all is as before: states, buffers, gradients, parameters.

        The parameters of a copy, which nobody keeps, may be left out.
        """

        def enter(module: torch.nn.Module, _: Any) -> None:
            if id(module) not in self._within:
                self._modules.append(module)
                self._within |= set(map(id, module.modules()))
            self.keeper.keep_module(module, parameters=parameters)

        handle = hooks.register_module_forward_pre_hook(enter)
        try:
            yield
        finally:
            handle.remove()
            self.keeper.restore()

    def parameters(self) -> dict[int, tuple[str, torch.Tensor]]:
        """Return what can be trained, with its names, by identity.

        A module's parameters, those of modules that a callable runs, and inputs that require it.
        """
        roots = [self.function] if isinstance(self.function, torch.nn.Module) else self._modules
        named = [pair for root in roots for pair in root.named_parameters()]
        given = [each for each in tensors(self.args, dict(self.kwargs)) if each.requires_grad]
        named += [(f"an input of shape {tuple(each.shape)}", each) for each in given]
        known: dict[int, tuple[str, torch.Tensor]] = {}
        for name, p in named:
            known.setdefault(id(p), (name, p))
        return known

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
