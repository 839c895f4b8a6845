"""The audit: what a model is made of decides how it is taken apart."""

from collections.abc import Callable
from typing import Any

from softgrad.audit.report.report import AuditReport

__all__ = ["audit"]


def audit(
    model: Callable,
    *inputs: Any,
    loss: Callable | None = None,
    battery: bool = False,
    progress: Callable[[int, int | None, str], None] | None = None,
    seed: int = 0,
    **kwargs: Any,
) -> AuditReport:
    """Check every differentiable call that a model makes, and name the guilty one."""
    from softgrad.audit.torch.audit import audit as audit_torch

    return audit_torch(model, inputs, kwargs, loss, battery=battery, progress=progress, seed=seed)
