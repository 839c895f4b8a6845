"""Wrong derivatives that leave an option of the call out, or apply it wrongly."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from softgrad.check.naming.likeness import Gradient, Likeness

__all__ = ["options"]

_HOW = ("axis", "keepdims")


def options(call: Likeness) -> Iterator[tuple[str, str, Gradient]]:
    """Yield name, label and gradient of the same call with another value of one option."""
    for option, parameter in call.function.parameters.items():
        if parameter.default is parameter.empty or option in _HOW:
            continue
        value = call.arguments.get(option, parameter.default)
        for bug, label, other in _others(option, value, parameter.default):
            changed = call.without(option, other)
            if changed is not None and changed.value.shape == call.value.shape:
                yield bug, label, changed.gradient


def _others(option: str, value: Any, default: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(default, str):
        for other in ("mean", "sum"):
            if other != value:
                yield "wrong_normalizer", f"{option}={other!r}", other
        return
    if value is None:
        return
    if _differ(value, default):
        yield "param_ignored", f"{option} left out", default
    number = isinstance(value, float) and value > 0 and value != 1
    array = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    if not number and not array:
        if isinstance(value, np.ndarray) and value.dtype.kind == "b":
            yield "param_misapplied", f"{option} inverted", ~value
        return
    with np.errstate(all="ignore"):
        for label, other in (
            ("applied twice", value * value),
            ("inverted", 1 / value),
            ("complemented (1 − it)", 1 - value),
            ("doubled", 2 * value),
        ):
            yield "param_misapplied", f"{option} {label}", other


def _differ(value: Any, default: Any) -> bool:
    if isinstance(value, np.ndarray):
        return True
    return value != default
