"""The losses and functions in plain torch operations, as one would write them down.

They follow the equations of the docstrings and torch's own functions where it has them; torch's
autograd differentiates them. Exact enough for moderate logits, which is where they are used.
"""

from typing import Any

import torch
import torch.nn.functional as F

__all__ = ["PLAIN"]


def premapped(
    x: Any, temperature=1.0, softcap=None, bias=None, where=None, masked=-torch.inf
) -> Any:
    z = x if bias is None else x + bias
    z = z if softcap is None else softcap * torch.tanh(z / softcap)
    z = z / temperature
    return z if where is None else torch.where(where, z, masked)


def entmax(x: Any, alpha: float = 1.5, axis: int = -1, **premap: Any) -> Any:
    """Solve for the support by trying every size, τ in closed form or by Newton's method."""
    z = (alpha - 1) * premapped(x, **premap).movedim(axis, -1)
    if alpha == 1:
        return torch.softmax(premapped(x, **premap), axis)
    with torch.no_grad():
        low, high = z.amax(-1, keepdim=True) - 1, z.amax(-1, keepdim=True)
        for _ in range(100):
            middle = (low + high) / 2
            full = (z - middle).clamp(min=0).pow(1 / (alpha - 1)).sum(-1, keepdim=True) >= 1
            low, high = torch.where(full, middle, low), torch.where(full, high, middle)
        support = z > low
    # two Newton steps from the solution carry the first and second derivatives of τ
    tau = low
    for _ in range(2):
        gap = torch.where(support, z - tau, 1.0)
        power = torch.where(support, gap ** (1 / (alpha - 1)), 0.0)
        slope = torch.where(support, gap ** (1 / (alpha - 1) - 1), 0.0).sum(-1, keepdim=True)
        tau = tau + (power.sum(-1, keepdim=True) - 1) * (alpha - 1) / slope
    gap = torch.where(support, z - tau, 1.0)
    return torch.where(support, gap ** (1 / (alpha - 1)), 0.0).movedim(-1, axis)


def cross_entropy(
    logits: Any,
    target: Any,
    weight=None,
    label_smoothing=0.0,
    ignore_index=-100,
    z_loss=0.0,
    reduction="mean",
    **premap: Any,
) -> Any:
    z = premapped(logits, **premap)
    where = premap.get("where")
    exists = torch.ones_like(z) if where is None else where.to(z.dtype)
    weight = torch.ones(z.shape[-1], dtype=z.dtype) if weight is None else weight
    active = torch.ones(z.shape[:-1], dtype=z.dtype)
    counted = active
    if not target.is_floating_point():
        active = (target != ignore_index).to(z.dtype)
        y = F.one_hot(target.clamp(min=0), z.shape[-1]).to(z.dtype) * active[..., None]
        counted = (y * weight).sum(-1)
    else:
        y = target
    uniform = exists / exists.sum(-1, keepdim=True) * active[..., None]
    q = weight * ((1 - label_smoothing) * y + label_smoothing * uniform)
    log_p = torch.where(exists > 0, torch.log_softmax(z, -1), 0.0)
    rows = -(q * log_p).sum(-1) + z_loss * active * torch.logsumexp(z, -1) ** 2
    if reduction == "none":
        return rows
    return rows.sum() / (counted.sum() if reduction == "mean" else 1)


def binary_cross_entropy(
    logits: Any,
    target: Any,
    weight=None,
    pos_weight=None,
    label_smoothing=0.0,
    reduction="mean",
    **premap: Any,
) -> Any:
    z = premapped(logits, **premap, masked=0.0)
    y = (1 - label_smoothing) * target + label_smoothing / 2
    rows = F.binary_cross_entropy_with_logits(
        z, y, weight=weight, pos_weight=pos_weight, reduction="none"
    )
    where = premap.get("where")
    active = torch.ones_like(z) if where is None else where.to(z.dtype)
    if reduction == "none":
        return rows * active
    return (rows * active).sum() / (active.sum() if reduction == "mean" else 1)


def _mapped(function: Any) -> Any:
    return lambda x, axis=-1, keepdims=None, **premap: (
        function(premapped(x, **premap), axis)
        if keepdims is None
        else function(premapped(x, **premap), axis, keepdims)
    )


PLAIN = {
    "softmax": _mapped(torch.softmax),
    "log_softmax": _mapped(torch.log_softmax),
    "logsumexp": _mapped(torch.logsumexp),
    "sigmoid": _mapped(lambda z, axis: torch.sigmoid(z)),
    "log_sigmoid": _mapped(lambda z, axis: F.logsigmoid(z)),
    "softplus": _mapped(lambda z, axis: F.softplus(z, threshold=800)),
    "entmax": entmax,
    "sparsemax": lambda x, axis=-1, **premap: entmax(x, 2.0, axis, **premap),
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}
"""By the names of softgrad's functions."""
