"""The derivative of the whole loss, parameter by parameter."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch

from softgrad.audit.report.report import Note
from softgrad.audit.torch.along import Along
from softgrad.audit.torch.compose import broken
from softgrad.audit.torch.flow import Cut, uncut
from softgrad.audit.torch.hooks import Hook, hooks_of, without
from softgrad.audit.torch.keeper import Keeper
from softgrad.audit.torch.ledger import Ledger
from softgrad.audit.torch.replay import widened
from softgrad.audit.torch.run import Run
from softgrad.audit.torch.seams import uncast
from softgrad.audit.torch.tape import Call, tensors
from softgrad.check import Report

__all__ = ["whole"]

Make = Callable[[Call], Any]
Leaves = dict[str, torch.Tensor]

_LARGE = 2**22


def whole(run: Run, ledger: Ledger, seed: int) -> tuple[Report, list[Note]]:
    """Check the loss as a function of one step for each parameter, along a random direction.

    The claim is what ``backward`` gives, hooks included; the truth comes from moving parameters.
    Of a difference it is told what makes it, or between which modules it arises.
    """
    coarse = any(p.dtype in (torch.bfloat16, torch.float16) for p in ledger.leaves.values())
    narrow = _Whole(
        run, {name: run.keeper.value(p) for name, p in ledger.leaves.items()}, ledger.leaves, seed
    )
    large = sum(p.numel() for p in ledger.leaves.values()) > _LARGE
    if large and not coarse and (report := narrow.glance()).ok:
        return report, []
    if (wide := _in_float64(run, ledger.leaves)) is not None:
        copied, into = wide
        with copied.undone(parameters=False), uncast():
            seen = _Whole(copied, narrow.starts, into, seed)
            if (report := seen.glance()).ok or seen.exact():
                return seen.told(report, ledger)
    if coarse:
        return Report(None, "in so few digits the whole cannot be measured", seed=seed), []
    return narrow.told(narrow.glance(), ledger)


class _Whole:
    """The whole, with its leaves and where they start."""

    def __init__(self, run: Run, starts: Leaves, into: Leaves, seed: int) -> None:
        self.run, self.starts, self.into, self.seed = run, starts, into, seed

    def glance(self) -> Report:
        """Look once."""
        return self._along().glance(self.seed)

    def exact(self) -> bool:
        """Return whether the run computes in float64."""
        try:
            total = self.run.total()
        except Exception:
            return False
        return total is not None and total.dtype == torch.float64

    def told(self, seen: Report, ledger: Ledger) -> tuple[Report, list[Note]]:
        """Return the report after a first look, and what explains it."""
        if seen.ok:
            return seen, []
        report = self._along().check(self.seed)
        if report.ok is not False:
            return report, []
        lost = ", ".join(name for name, mask in (report.wrong or {}).items() if mask.any())
        joined = self._along(uncut).glance(self.seed) if ledger.cuts else report
        if joined.ok:
            told = f"the gradient of {lost} leaves out what flows through {_through(ledger.cuts)}"
            return self._excused(report, f"{told}; with that it would be the function's"), []
        guilty = self._guilty([*hooks_of(self.run.function), *ledger.hooks])
        if guilty:
            texts = " and ".join(hook.text for hook in guilty)
            verb = "changes" if len(guilty) == 1 else "change"
            told = f"{texts} {verb} the gradient of {lost}, which is the function's without"
            notes = [Note("hook", f"{h.text} changes the gradient", h.place) for h in guilty]
            return self._excused(report, told), notes
        found = broken(self.run, torch.zeros((), dtype=self._along().dtype), self.seed)
        if joined.ok is None:  # it cannot be run without what cuts
            told = f"the gradient of {lost} leaves something out, as may be meant"
            return self._excused(report, f"{told}: {_through(ledger.cuts)}; {found.text}"), []
        return replace(report, reason=f"{report.reason}; {found.text}"), []

    def _excused(self, report: Report, told: str) -> Report:
        return Report(None, told, evaluations=report.evaluations, seed=self.seed)

    def _guilty(self, hooks: list[Hook]) -> list[Hook]:
        """Return the hooks each of which alone makes the gradient another."""
        if not hooks:
            return []
        with without(hooks) as make:
            if not self._right(make):
                return []
        guilty = []
        for hook in hooks:
            with without(other for other in hooks if other is not hook) as make:
                if not self._right(make):
                    guilty.append(hook)
        return guilty

    def _right(self, make: Make) -> bool:
        return self._along(make).glance(self.seed).ok is True

    def _along(self, make: Make | None = None) -> Along:
        def evaluate(_: Any) -> list[torch.Tensor]:
            total = self.run.total(make)
            assert total is not None
            return [total]

        return Along(self.starts, evaluate, self.seed, self.into)


def _through(cuts: list[Cut]) -> str:
    return " or ".join(dict.fromkeys(f"{cut.reason} at {cut.call.place}" for cut in cuts))


def _in_float64(run: Run, leaves: Leaves) -> tuple[Run, Leaves] | None:
    """Return the same run of a copy in float64, and its leaves; None for what cannot be copied."""
    try:
        function, twins = _copied(run.function)
        args, kwargs = widened((run.args, dict(run.kwargs)))
        pairs = zip(tensors(run.args, dict(run.kwargs)), tensors(args, kwargs), strict=True)
        twins |= {id(given): wide for given, wide in pairs}
        into = {name: twins[id(leaf)] for name, leaf in leaves.items()}
    except Exception:
        return None
    return replace(run, function=function, args=args, kwargs=kwargs, keeper=Keeper()), into


def _copied(function: Any) -> tuple[Any, dict[int, torch.Tensor]]:
    """Return a module's copy in float64, and its parameters by the identity of the original's."""
    if not isinstance(function, torch.nn.Module):
        return function, {}
    twins: dict[int, Any] = {}
    for p in function.parameters():
        wide = widened(p)
        twins[id(p)] = torch.nn.Parameter(wide.detach(), p.requires_grad)
        for hook in (p._backward_hooks or {}).values():  # which a copy leaves behind
            twins[id(p)].register_hook(hook)
    buffers = {id(b): widened(b) for b in function.buffers()}
    return deepcopy(function, {**twins, **buffers}), twins
