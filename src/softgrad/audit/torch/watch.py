"""Looking at a model's gradients while it is trained."""

import logging
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import torch
from torch.utils._pytree import tree_map

from softgrad.audit.place import Place
from softgrad.audit.torch.flow import Finite
from softgrad.audit.torch.judge import Judge
from softgrad.audit.torch.ledger import written
from softgrad.audit.torch.modules import Modules
from softgrad.audit.torch.replay import Replay, made, replay
from softgrad.audit.torch.tape import Call, Tape
from softgrad.check import Report
from softgrad.errors import ArgumentError, ArgumentTypeError, GradientError

__all__ = ["GradientWatch", "Sighting"]

_ANSWERS = ("raise", "log")
_LOG = logging.getLogger("softgrad")


@dataclass(frozen=True)
class Sighting:
    """A gradient that went wrong, or is not finite any more.

    Parameters
    ----------
    step
        In which step, from 0: the forward passes of the first module that can be differentiated.
    text
        What was seen, as a sentence.
    place
        The user's line.
    report
        What the checker says, if a gradient is wrong.
    file
        What reproduces it: a program, or the call's arguments as ``torch.load`` reads them.
    """

    step: int
    text: str
    place: Place | None
    report: Report | None = None
    file: Path | None = None


class GradientWatch:
    """Checks one call of a training step now and then, each in its turn.

    Parameters
    ----------
    *modules
        The model, and the loss if it is a module. Calls outside of them are not seen.
    every
        A step in so many is looked at.
    share
        The most that looking may take of the time: a look waits until it may. With ``math.inf``
        none waits.
    on_wrong
        ``"raise"`` a ``GradientError``, or ``"log"`` a warning to the logger ``softgrad``.
    folder
        Where what reproduces a wrong gradient is written; by default nowhere.
    seed
        Of everything random, for which no state of torch's is used.

    Attributes
    ----------
    sightings
        What was seen.
    looks
        How many calls were checked.

    Notes
    -----
    With a loss that is scaled, infinite gradients may be meant: ``on_wrong="log"`` then.

    Raises
    ------
    GradientError
        In a forward pass, or on leaving.
    ArgumentError, ArgumentTypeError
        For arguments that are none of these.

    Examples
    --------
    >>> import torch
    >>> from softgrad.audit.torch.watch import GradientWatch
    >>> model = torch.nn.Linear(3, 1)
    >>> with GradientWatch(model, every=1) as watch:
    ...     for _ in range(4):
    ...         model(torch.ones(2, 3)).sum().backward()
    >>> watch.sightings
    []
    """

    def __init__(
        self,
        *modules: torch.nn.Module,
        every: int = 100,
        share: float = 0.05,
        on_wrong: str = "raise",
        folder: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        if not modules or not all(isinstance(each, torch.nn.Module) for each in modules):
            given = ", ".join(type(each).__name__ for each in modules) or "nothing"
            raise ArgumentTypeError(f"modules must be torch.nn.Modules; got {given}")
        if not isinstance(every, int) or every < 1:
            raise ArgumentError(f"every must be an integer ≥ 1; got {every!r}")
        if not share > 0:
            raise ArgumentError(f"share must be above 0; got {share!r}")
        if on_wrong not in _ANSWERS:
            raise ArgumentError(f"on_wrong must be one of {', '.join(_ANSWERS)}; got {on_wrong!r}")
        self.sightings: list[Sighting] = []
        self.looks = 0
        self._modules, self._every, self._share, self._on_wrong = modules, every, share, on_wrong
        self._folder = None if folder is None else Path(folder)
        self._judge = Judge(thorough=False, battery=False, seed=seed)
        self._handles = ExitStack()
        self._seeing = ExitStack()
        self._step, self._spent, self._begun = -1, 0.0, 0.0
        self._last = 0.0
        self._opened: float | None = None
        self._depth = 0
        self._turns: dict[tuple, int] = {}
        self._turn: tuple | None = None
        self._finite: Finite | None = None

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._begun = perf_counter()
        for module in self._modules:
            for handle in (
                module.register_forward_pre_hook(self._enter),
                module.register_forward_hook(self._leave, always_call=True),
            ):
                self._handles.callback(handle.remove)
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        """Stop, and tell what the last backward pass showed."""
        self._handles.close()
        self._seeing.close()
        if kind is None:
            self._tell_strange()

    def _enter(self, module: torch.nn.Module, _: Any) -> None:
        if not torch.is_grad_enabled():
            return
        if module is self._modules[0] and not self._depth:
            self._tell_strange()
            self._begin_step()
        self._depth += 1
        if self._depth == 1 and self._finite is not None:
            self._opened = perf_counter()
            modules = Modules(module)
            self._seeing.enter_context(modules.watched())
            self._seeing.enter_context(Tape(self._make, lambda: modules.path).running())

    def _leave(self, *_: Any) -> None:
        self._depth = max(0, self._depth - 1)
        if not self._depth and self._opened is not None:
            self._seeing.close()
            # twice a forward pass that is looked at, for its backward pass is too
            self._last, self._opened = 2 * (perf_counter() - self._opened), None
            self._spent += self._last

    def _begin_step(self) -> None:
        """Decide whether this step is looked at, and which of its calls."""
        self._step += 1
        within = self._spent + self._last <= self._share * (perf_counter() - self._begun)
        asked = self._step % self._every == 0 and (within or not self._turns)
        self._finite = Finite() if asked else None
        self._turn = (
            min(self._turns, key=self._turns.__getitem__) if asked and self._turns else None
        )

    def _make(self, call: Call) -> Any:
        assert self._finite is not None
        key, text, bare = call.key, written(call), replace(call, args=(), kwargs={})
        asked = key == self._turn
        kept = (
            replace(call, args=_kept(call.args), kwargs=_kept(dict(call.kwargs))) if asked else call
        )
        output, effects = made(call)
        if effects.differentiable:
            self._turns.setdefault(key, 0 if call.own else -1)
            self._finite.made(call, bare, output)
            if asked:
                self._turns[key] += 1
                self._turn = None
                self._look(replay(kept, effects), kept, text)
        return output

    def _look(self, example: Replay, call: Call, text: str) -> None:
        self.looks += 1
        report = self._judge.report(example, own=call.own)
        if report.ok is False:
            told = f"the gradient of {text} is wrong{call.where}: {report.bug or report.reason}"
            file = self._written(report, example, text)
            self._tell(Sighting(self._step, told, call.place, report, file))

    def _tell_strange(self) -> None:
        """Tell of what was not finite in the step before."""
        seen, self._finite = self._finite, None
        if seen is None:
            return
        for what, call in (("value", seen.forward), ("gradient", seen.backward)):
            if call is not None:
                told = f"the first {what} that is not finite comes from {call.name}{call.where}"
                self._tell(Sighting(self._step, told, call.place))

    def _tell(self, sighting: Sighting) -> None:
        self.sightings.append(sighting)
        told = f"step {sighting.step}: {sighting.text}"
        told += "" if sighting.file is None else f"; {sighting.file} reproduces it"
        if self._on_wrong == "raise":
            raise GradientError(told)
        _LOG.warning(told)

    def _written(self, report: Report, example: Replay, text: str) -> Path | None:
        if self._folder is None:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"gradient-step-{self._step}"
        if report.snippet is not None:
            file = file.with_suffix(".py")
            file.write_text(report.snippet, encoding="utf-8")
        else:
            file = file.with_suffix(".pt")
            torch.save({"call": text, "arguments": dict(example.inputs)}, file)
        return file


def _kept(value: Any) -> Any:
    """Return containers of tensors as they are now, whatever is written into them later."""

    def keep(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return leaf.detach().clone().requires_grad_(leaf.requires_grad)

    return tree_map(keep, value)
