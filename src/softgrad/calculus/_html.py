"""How a Jacobian looks in a notebook."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from softgrad.calculus.jacobian import Jacobian

__all__ = ["table"]

LARGEST = 12


def table(J: "Jacobian") -> str:
    """Return the matrix as a shaded table if it is small, else its description."""
    caption = escape(repr(J))
    rows, columns = J.shape
    if max(rows, columns) > LARGEST or not rows or not columns:
        return f"<code>{caption}</code>"
    dense = np.asarray(J.to_dense(), dtype=float).reshape(rows, columns)
    largest = float(np.max(np.abs(dense), initial=0.0, where=np.isfinite(dense))) or 1.0
    body = "".join(
        "<tr>" + "".join(_cell(float(v), largest) for v in row) + "</tr>" for row in dense
    )
    return f"<table><caption><code>{caption}</code></caption><tbody>{body}</tbody></table>"


def _cell(value: float, largest: float) -> str:
    strength = min(abs(value) / largest, 1.0) * 0.6 if np.isfinite(value) else 0.0
    colour = f"rgba(31,119,180,{strength:.2f})" if value > 0 else f"rgba(214,39,40,{strength:.2f})"
    return f'<td style="background:{colour};text-align:right">{value:.4g}</td>'
