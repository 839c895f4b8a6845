"""Any array-API library: the member's own operations, as they stand."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from softgrad._array import Array
from softgrad.axis import Axis
from softgrad.declare import Member

__all__ = ["solve"]


def solve(
    member: Member,
    axis: Axis | None,
    operands: tuple[Array | None, ...],
    constants: Mapping[str, Any],
) -> tuple[Array, ...]:
    """Return the member's fields."""
    with np.errstate(all="ignore"):
        return member.solve(member.state(axis, operands, constants))
