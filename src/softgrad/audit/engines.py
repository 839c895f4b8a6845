"""Which engine takes a model apart."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from softgrad.audit.layers.tree import layers_of
from softgrad.audit.report.report import AuditReport
from softgrad.check.frameworks import frame_named, frame_of
from softgrad.check.subject.layers import is_layer
from softgrad.check.subject.tree import leaves
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["engine_for"]

_ENGINES = {
    "torch": "softgrad.audit.torch.audit",
    "jax": "softgrad.audit.jax.audit",
    "numpy": "softgrad.audit.layers.audit",
}


def engine_for(
    model: Any,
    inputs: tuple,
    kwargs: Mapping[str, Any],
    loss: Any,
    framework: str | None,
    seed: int,
) -> Callable[..., AuditReport]:
    """Return what audits the model, after a look at the arguments.

    Raises
    ------
    ArgumentError, ArgumentTypeError, MissingExtra
    """
    if not isinstance(seed, int) or seed < 0:
        raise ArgumentError(f"seed must be an integer ≥ 0; got {seed!r}")
    if loss is not None and not (callable(loss) or is_layer(loss)):
        raise ArgumentTypeError(f"loss must be callable; got {type(loss).__name__}")
    name = _framework(model, inputs, kwargs) if framework is None else framework
    if name not in _ENGINES:
        raise ArgumentError(f"framework must be one of {', '.join(_ENGINES)}; got {name!r}")
    if name != "numpy":
        frame_named(name)  # which refuses what is not installed
    if name != "numpy" and not callable(model):
        raise ArgumentTypeError(
            f"model must be callable, or have layers with forward and backward; got "
            f"{type(model).__name__}"
        )
    return import_module(_ENGINES[name]).audit


def _framework(model: Any, inputs: tuple, kwargs: Mapping[str, Any]) -> str:
    """Return the library of a model and its inputs; where they do not tell, an imported one."""
    found = frame_of([model, *leaves(frame_named("numpy"), (inputs, kwargs))]).name
    if found in _ENGINES and found != "numpy":
        return found
    if found != "numpy":
        raise ArgumentError(f"models of {found} cannot be audited; of {', '.join(_ENGINES)} can")
    if layers_of(model) or not callable(model):
        return "numpy"
    return next((name for name in ("torch", "jax") if name in sys.modules), "numpy")
