"""The derivative of the whole loss, parameter by parameter."""

from typing import Any

import numpy as np
import torch

from softgrad.audit.torch.run import Run
from softgrad.audit.torch.tape import Call
from softgrad.check import Report, check

__all__ = ["whole"]


def whole(run: Run, leaves: list[torch.Tensor], seed: int) -> Report:
    """Check the loss as a function of one step for each parameter, along a random direction.

    The claim is what ``backward`` gives, hooks included; the truth comes from moving parameters.
    """
    moved = [leaf for leaf in leaves if leaf.is_floating_point() and leaf.numel()]
    generator = torch.Generator().manual_seed(seed)
    signs = [torch.randint(0, 2, leaf.shape, generator=generator) * 2 - 1 for leaf in moved]
    starts = [leaf.detach().clone() for leaf in moved]

    def total(steps: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            for leaf, start, sign, step in zip(moved, starts, signs, steps, strict=True):
                leaf.data.copy_(start + float(step) * sign.to(start) * _size(start))
        value = run.total(_made)
        assert value is not None
        return value.detach().cpu().numpy()

    def claim(steps: np.ndarray) -> np.ndarray:
        total(steps)
        value = run.total(_made)
        assert value is not None
        found = torch.autograd.grad(value, moved, allow_unused=True)
        pairs = zip(found, starts, signs, strict=True)
        return np.array(
            [0.0 if d is None else float((d * s.to(d)).sum()) * _size(p) for d, p, s in pairs]
        )

    return check(total, {"steps": np.zeros(len(moved))}, grad=claim, battery=False, seed=seed)


def _size(start: torch.Tensor) -> float:
    """Return the scale on which a parameter is moved."""
    scale = float(start.double().square().mean().sqrt())
    return scale or 1.0


def _made(call: Call) -> Any:
    return call.function(*call.args, **call.kwargs)
