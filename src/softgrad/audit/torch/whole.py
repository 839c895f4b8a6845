"""The derivative of the whole loss, parameter by parameter."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from softgrad.audit.torch.flow import Cut, leaves_behind, uncut
from softgrad.audit.torch.keeper import Keeper
from softgrad.audit.torch.replay import widened
from softgrad.audit.torch.run import Run
from softgrad.audit.torch.tape import Call
from softgrad.check import Report, check

__all__ = ["whole"]


Make = Callable[[Call], Any]


def whole(run: Run, cuts: list[Cut], seed: int) -> Report:
    """Check the loss as a function of one step for each parameter, along a random direction.

    The claim is what ``backward`` gives, hooks included; the truth comes from moving parameters.
    A difference that is due to ``cuts``, which are meant as a rule, is no wrong derivative.
    """
    wide = _in_float64(run)
    if wide is None:
        return _judged(run, cuts, seed)
    with wide.undone():
        return _judged(wide, cuts, seed)


def _judged(run: Run, cuts: list[Cut], seed: int) -> Report:
    report = _checked(run, seed, _made)
    if report.ok is not False or not cuts or not _checked(run, seed, uncut).ok:
        return report
    lost = ", ".join(name for name, mask in (report.wrong or {}).items() if mask.any())
    through = dict.fromkeys(f"{cut.reason} at {cut.call.place}" for cut in cuts)
    return Report(
        None,
        f"the gradient of {lost} leaves out what flows through {' or '.join(through)}; "
        "with that it would be the function's",
        evaluations=report.evaluations,
        seed=seed,
    )


def _made(call: Call) -> Any:
    return call.function(*call.args, **call.kwargs)


def _checked(run: Run, seed: int, make: Make) -> Report:
    named = {
        name: p for name, p in _named(run, make).items() if p.is_floating_point() and p.numel()
    }
    generator = torch.Generator().manual_seed(seed)
    starts = {name: p.detach().clone() for name, p in named.items()}
    directions = {name: _direction(p, generator) for name, p in starts.items()}

    def at(steps: Mapping[str, np.ndarray]) -> torch.Tensor:
        run.keeper.rewind()
        with torch.no_grad():
            for name, p in named.items():
                t = float(steps[name])
                p.data.copy_(starts[name] + t * directions[name] if t else starts[name])
        return _total(run, make)

    def function(**steps: np.ndarray) -> np.ndarray:
        return at(steps).detach().cpu().numpy()

    def claim(**steps: np.ndarray) -> dict[str, np.ndarray]:
        found = torch.autograd.grad(at(steps), [*named.values()], allow_unused=True)
        pairs = zip(named, found, strict=True)
        slopes = {n: 0.0 if d is None else float((d * directions[n]).sum()) for n, d in pairs}
        return {name: np.array(slope) for name, slope in slopes.items()}

    steps = {name: np.zeros(()) for name in named}
    return check(function, steps, grad=claim, battery=False, seed=seed)


def _named(run: Run, make: Make) -> dict[str, torch.Tensor]:
    """Return the leaves that the loss depends on, by their names, or by their order."""
    names = run.names()
    reached = dict.fromkeys(leaves_behind([_total(run, make).grad_fn]))
    return {names.get(id(p), f"leaf{k}"): p for k, p in enumerate(reached)}


def _total(run: Run, make: Make = _made) -> torch.Tensor:
    value = run.total(make)
    assert value is not None
    return value


def _direction(start: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return random signs, as large as the parameter's entries are on the average."""
    signs = torch.randint(0, 2, start.shape, generator=generator).to(start) * 2 - 1
    scale = float(start.double().square().mean().sqrt())
    return signs * (scale or 1.0)


def _in_float64(run: Run) -> Run | None:
    """Return the same run of a copy in float64, or None for what cannot be copied or run so."""
    if not isinstance(run.function, torch.nn.Module):
        return None
    try:
        module = deepcopy(run.function).double()
        for p, copied in zip(run.function.parameters(), module.parameters(), strict=True):
            for hook in (p._backward_hooks or {}).values():  # which a copy leaves behind
                copied.register_hook(hook)
        wide = replace(
            run,
            function=module,
            args=widened(run.args),
            kwargs=widened(run.kwargs),
            keeper=Keeper(),
        )
        with wide.undone():
            return wide if _total(wide).dtype == torch.float64 else None
    except Exception:
        return None
