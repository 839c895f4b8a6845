"""How a matrix looks in a notebook."""

from html import escape

import numpy as np

__all__ = ["LARGEST", "table"]

LARGEST = 12
"""The most rows or columns worth showing."""


def table(dense: np.ndarray, caption: str) -> str:
    """Return a shaded table: blue for positive entries, red for negative ones."""
    largest = float(np.max(np.abs(dense), initial=0.0, where=np.isfinite(dense))) or 1.0
    body = "".join(
        "<tr>" + "".join(_cell(float(v), largest) for v in row) + "</tr>" for row in dense
    )
    return f"<table><caption><code>{escape(caption)}</code></caption><tbody>{body}</tbody></table>"


def _cell(value: float, largest: float) -> str:
    strength = min(abs(value) / largest, 1.0) * 0.6 if np.isfinite(value) else 0.0
    colour = f"rgba(31,119,180,{strength:.2f})" if value > 0 else f"rgba(214,39,40,{strength:.2f})"
    return f'<td style="background:{colour};text-align:right">{value:.4g}</td>'
