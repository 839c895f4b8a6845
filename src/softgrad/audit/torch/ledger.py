"""What a run does: its distinct calls, where gradients are cut, hooks that change them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from softgrad.audit.place import Place
from softgrad.audit.report.notes import lost, strange
from softgrad.audit.report.report import Note
from softgrad.audit.report.words import array, plain
from softgrad.audit.torch.flow import Cut, Finite, cut_by, gradients, leaves_behind
from softgrad.audit.torch.hooks import Hook, registered
from softgrad.audit.torch.replay import Effects, made
from softgrad.audit.torch.run import Run
from softgrad.audit.torch.tape import Call

__all__ = ["Entry", "Ledger", "written"]


@dataclass
class Entry:
    """A distinct call.

    Parameters
    ----------
    call
        The first of its kind, without its arguments.
    text
        How it is written.
    effects
        What it did.
    first
        How many calls of any kind the run had made before.
    places, modules
        The user's lines and the modules that make it, in order.
    count
        How often it was made.
    """

    call: Call
    text: str
    effects: Effects
    first: int
    places: dict[Place, None] = field(default_factory=dict)
    modules: dict[str, None] = field(default_factory=dict)
    count: int = 0


class Ledger:
    """What one run did.

    Parameters
    ----------
    run
        The run, which is made once.

    Attributes
    ----------
    entries
        Its distinct calls that are differentiable.
    cuts
        Where gradients are cut.
    hooks
        Hooks that the run itself registers.
    leaves
        What the loss depends on, by name.
    notes
        What else was noticed.
    """

    def __init__(self, run: Run) -> None:
        self.entries: dict[tuple, Entry] = {}
        self.notes: list[Note] = []
        self.cuts: list[Cut] = []
        self.hooks: list[Hook] = []
        self._finite, self._made = Finite(), 0
        total = run.total(self._make)
        reached = [] if total is None else [*leaves_behind([total.grad_fn])]
        if total is not None and reached:
            gradients(total, reached)
        known = run.parameters()
        self.total = None if total is None else total.detach()
        names = {
            id(p): known[id(p)][0] if id(p) in known else f"leaf{k}" for k, p in enumerate(reached)
        }
        self.leaves = {names[id(p)]: p for p in reached if p.numel()}
        self.notes += _cut_off(run, reached, self.cuts)
        self.notes += self._not_finite()
        self.notes += _compiled(run)

    def _make(self, call: Call) -> Any:
        if hook := registered(call):
            self.hooks.append(hook)
        self._made += 1
        key, text = call.key, written(call)
        output, effects = made(call)
        bare = replace(call, args=(), kwargs={})
        if not effects.differentiable:
            if cut := cut_by(call, output):
                self.cuts.append(replace(cut, call=bare))
            return output
        entry = self.entries.setdefault(key, Entry(bare, text, effects, self._made))
        entry.count += 1
        entry.modules[call.module] = None
        if call.place is not None:
            entry.places[call.place] = None
        self._finite.made(call, bare, output)
        return output

    def _not_finite(self) -> Iterator[Note]:
        for call, where in ((self._finite.forward, "value"), (self._finite.backward, "gradient")):
            if call is not None:
                yield strange(where, call.name, call.place, call.module)


def written(call: Call) -> str:
    """Return a call as it would be written, tensors by their shapes."""
    given = [_shown(each) for each in call.args]
    given += [f"{name}={_shown(each)}" for name, each in call.kwargs.items()]
    return f"{call.name}({', '.join(given)})"


def _shown(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return array(str(value.dtype).removeprefix("torch."), value.shape)
    if isinstance(value, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in value):
        return f"[{', '.join(map(_shown, value))}]"
    return plain(value)


def _cut_off(run: Run, reached: list[torch.Tensor], cuts: list[Cut]) -> Iterator[Note]:
    """Tell which parameters the loss does not depend on for autograd, and why."""
    found = {id(leaf) for leaf in reached}
    by: dict[Cut | None, list[str]] = {}
    for key, (name, p) in run.parameters().items():
        if p.requires_grad and key not in found:
            behind = (c for c in cuts if any(leaf is p for leaf in leaves_behind(c.behind)))
            by.setdefault(next(behind, None), []).append(name)
    for cut, names in by.items():
        if cut is None:
            yield lost(names, None, None)
        else:
            yield lost(names, cut.reason, cut.call.place, cut.call.module)


def _compiled(run: Run) -> Iterator[Note]:
    """Tell of what was run as it is written though it is compiled."""
    function = run.function
    parts = function.named_modules() if isinstance(function, torch.nn.Module) else [("", function)]
    paths = [path for path, part in parts if _is_compiled(part)]
    if paths:
        what = ", ".join(path for path in paths if path) or "the model"
        told = f"{what} is compiled, and was run as it is written: what the compiler makes of it"
        yield Note("compiled", f"{told} was not checked")


def _is_compiled(part: Any) -> bool:
    known = ("_torchdynamo_orig_callable", "_orig_mod", "_compiled_call_impl")
    return any(part_of is not None for part_of in (getattr(part, name, None) for name in known))
