"""A matrix as cells to colour: what the page draws of a Jacobian."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from softgrad.check.report.finding import Picture

__all__ = ["Cell", "Map", "Plate", "plate"]

MOST_CELLS = 32
"""The most rows or columns drawn; of a larger matrix each cell shows a block."""

STEPS = 12
"""How many shades a colour has."""

FAINT = 0.1
"""A difference whose largest value is below this share of the Jacobian's has a scale of its own."""


@dataclass(frozen=True)
class Cell:
    """One square: its place, its shade (``p0`` … ``p12``, ``n1`` … ``n12``, ``nan``), its text."""

    row: int
    column: int
    shade: str
    told: str


@dataclass(frozen=True)
class Map:
    """One drawn matrix, with the value that has the darkest shade."""

    title: str
    label: str
    rows: int
    columns: int
    scale: str
    cells: tuple[Cell, ...]

    @property
    def holes(self) -> bool:
        """Whether some drawn value is not finite."""
        return any(cell.shade == "nan" for cell in self.cells)


@dataclass(frozen=True)
class Plate:
    """The claimed and the true Jacobian and their difference, for one input."""

    input: str
    maps: tuple[Map, Map, Map]
    note: str


def plate(picture: Picture) -> Plate:
    """Return the three maps of one input.

    The claimed and the true Jacobian have one scale. The difference has it too, unless it would
    be invisible.
    """
    claimed, true = (np.atleast_2d(np.asarray(m, float)) for m in (picture.claimed, picture.true))
    apart = claimed - true
    top = max(_largest(claimed), _largest(true)) or 1.0
    own = _largest(apart)
    tops = (top, top, own if 0 < own < FAINT * top else top)
    named = ("claimed", "true", "claimed − true")
    maps = tuple(
        _map(title, matrix, scale, picture)
        for title, matrix, scale in zip(named, (claimed, true, apart), tops, strict=True)
    )
    return Plate(picture.input, (maps[0], maps[1], maps[2]), _note(claimed.shape, tops))


def _map(title: str, matrix: np.ndarray, top: float, picture: Picture) -> Map:
    rows, columns = _edges(matrix.shape[0]), _edges(matrix.shape[1])
    label = (
        f"{title}: Jacobian of the output by {picture.input}, {matrix.shape[0]} × "
        f"{matrix.shape[1]}, largest absolute value {_largest(matrix):.3g}"
    )
    cells = tuple(_cells(matrix, rows, columns, top, picture))
    return Map(title, label, len(rows) - 1, len(columns) - 1, f"{top:.3g}", cells)


def _edges(count: int) -> list[int]:
    """Return where the blocks begin and end."""
    blocks = min(count, MOST_CELLS)
    return [count * k // max(blocks, 1) for k in range(blocks + 1)]


def _cells(
    matrix: np.ndarray, rows: list[int], columns: list[int], top: float, picture: Picture
) -> Iterator[Cell]:
    """Yield each block's entry of the largest absolute value; NaN counts as the largest."""
    for r, (up, down) in enumerate(pairwise(rows)):
        for c, (left, right) in enumerate(pairwise(columns)):
            block = np.abs(matrix[up:down, left:right])
            at = np.where(np.isnan(block), np.inf, block).argmax()
            i, j = up + int(at) // (right - left), left + int(at) % (right - left)
            output, entry = _place(i, picture.output_shape), _place(j, picture.input_shape)
            value = float(matrix[i, j])
            told = f"∂y{output}/∂{picture.input}{entry} = {value:.6g}"
            yield Cell(r, c, _shade(value, top), told)


def _place(flat: int, shape: tuple[int, ...]) -> str:
    index = np.unravel_index(flat, shape) if shape else ()
    return f"[{', '.join(str(int(i)) for i in index)}]" if shape else ""


def _shade(value: float, top: float) -> str:
    if not np.isfinite(value):
        return "nan"
    strength = int(np.ceil(STEPS * min(abs(value) / top, 1.0) - 1e-9))
    return f"{'n' if value < 0 else 'p'}{strength}" if strength else "p0"


def _largest(matrix: np.ndarray) -> float:
    return float(np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0))


def _note(shape: tuple[int, ...], tops: tuple[float, float, float]) -> str:
    told = []
    if max(shape) > MOST_CELLS:
        told.append(
            "Each cell stands for a block of entries and shows the one of largest absolute value."
        )
    if tops[2] != tops[0]:
        told.append(f"The difference has a scale of its own, ± {tops[2]:.3g}.")
    return " ".join(told)
