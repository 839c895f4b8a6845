"""Where right parts make a wrong whole: bisection over what modules return."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.modules import module as everywhere
from torch.utils._pytree import tree_map

from softgrad.audit.place import Place
from softgrad.audit.torch.along import Along
from softgrad.audit.torch.modules import Modules
from softgrad.audit.torch.run import Run
from softgrad.audit.torch.tape import Call, tensors

__all__ = ["Break", "broken"]


@dataclass(frozen=True)
class Break:
    """Between what two modules return.

    Parameters
    ----------
    text
        One sentence.
    place
        The first line of the user's between them.
    """

    text: str
    place: Place | None


@dataclass
class _Exits:
    """The modules in the order in which they return, and the lines of code before each."""

    paths: list[str]
    places: list[list[Place]]


def broken(run: Run, step: torch.Tensor, seed: int) -> Break:
    """Find where the gradient ceases to be right, from the loss back to the parameters.

    What a module returns is moved a little: where all behind it is right, the loss's derivative by
    that step is. ``step`` is 0 in the precision in which the run computes.
    """
    exits = _exits(run)
    wrong, right = -1, len(exits.paths)
    while right - wrong > 1:
        middle = (wrong + right) // 2
        if _right_behind(run, middle, step, seed):
            right = middle
        else:
            wrong = middle
    places = [*dict.fromkeys(exits.places[right])]
    told = f"the gradient is right at {_named(exits, right, 'the loss')} and wrong "
    told += f"at {_named(exits, wrong, 'the parameters')}"
    if places:
        told += f"; between them run {', '.join(dict.fromkeys(map(str, places[:4])))}"
        told += f" and {len(places) - 4} more lines" if len(places) > 4 else ""
    return Break(told, places[0] if places else None)


def _named(exits: _Exits, k: int, other: str) -> str:
    if not 0 <= k < len(exits.paths):
        return other
    return f"what {exits.paths[k] or 'the outermost module'} returns"


def _exits(run: Run) -> _Exits:
    modules, found = Modules(run.function), _Exits([], [[]])

    def leave(module: torch.nn.Module, _: Any, output: Any) -> None:
        if _moving(output):
            found.paths.append(modules.named(module))
            found.places.append([])

    def make(call: Call) -> Any:
        if call.place is not None:
            found.places[-1].append(call.place)
        return call.function(*call.args, **call.kwargs)

    with _leaving(leave):
        run.total(make)
    return found


def _right_behind(run: Run, k: int, step: torch.Tensor, seed: int) -> bool:
    """Return whether the derivative by a step of what the k-th module returns is right."""
    stepped = _Stepped(k, seed)

    def evaluate(moved: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        with stepped.by(moved["step"]):
            total = run.total()
        assert total is not None
        return [total]

    with _leaving(stepped.leave):
        return Along({"step": step}, evaluate, seed).glance(seed).ok is not False


class _Stepped:
    """Moves what the k-th module returns, also when a checkpoint runs it again afterwards."""

    def __init__(self, k: int, seed: int) -> None:
        self._k, self._seed, self._left = k, seed, 0
        self._step: torch.Tensor | None = None
        self._module: torch.nn.Module | None = None
        self._running = False

    @contextmanager
    def by(self, step: torch.Tensor) -> Iterator[None]:
        """Return the context of one run."""
        self._left, self._step, self._running = 0, step, True
        try:
            yield
        finally:
            self._running = False

    def leave(self, module: torch.nn.Module, _: Any, output: Any) -> Any:
        """Return what a module returns instead."""
        if self._step is None or not _moving(output):
            return None
        if self._running:
            self._left += 1
            if self._left == self._k + 1:
                self._module = module
        if module is not self._module or (self._running and self._left != self._k + 1):
            return None
        step, generator = self._step, torch.Generator().manual_seed(self._seed)
        return tree_map(lambda leaf: _stepped(leaf, step, generator), output)


def _stepped(leaf: Any, step: torch.Tensor, generator: torch.Generator) -> Any:
    if not isinstance(leaf, torch.Tensor) or not leaf.requires_grad:
        return leaf
    direction = torch.randn(leaf.shape, generator=generator, dtype=torch.float64)
    return leaf + (step * direction.to(leaf.device)).to(leaf.dtype)


def _moving(output: Any) -> bool:
    return any(each.requires_grad for each in tensors(output))


@contextmanager
def _leaving(leave: Callable[[torch.nn.Module, Any, Any], Any]) -> Iterator[None]:
    handle = everywhere.register_module_forward_hook(leave)
    try:
        yield
    finally:
        handle.remove()
