"""What a survey's report says, before it has the form of text or of a page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from softgrad.survey.library import DTYPES, ORDERS
from softgrad.survey.report.report import FAILING, VERDICTS, Cell, Measurement

if TYPE_CHECKING:
    from softgrad.survey.report.report import SurveyReport

__all__ = ["GLYPHS", "LEGEND", "Finding", "Row", "findings", "number", "rows", "summary"]

GLYPHS = {
    "not offered": "·",
    "ok": "✓",
    "convention": "~",
    "inaccurate": "!",
    "raises": "E",
    "wrong": "✗",
}
"""One letter for each verdict."""

LEGEND = {
    "ok": "within the bound",
    "convention": "different by convention",
    "inaccurate": "beyond the bound",
    "raises": "raises an exception",
    "wrong": "off by more than 1 %, or not finite where the truth is",
    "not offered": "not offered",
}


@dataclass(frozen=True)
class Row:
    """A call with all its options: for each order, the worst verdict in each surveyed dtype."""

    member: str
    api: str
    verdicts: dict[str, dict[str, str]]

    def glyphs(self, order: str) -> str:
        """Return one letter for each dtype."""
        return "".join(GLYPHS[v] for v in self.verdicts[order].values())


def rows(report: "SurveyReport", library: str) -> Iterator[Row]:
    """Yield a row for each call of a library."""
    cells = [*report.of(library)]
    for member, api in dict.fromkeys((cell.member, cell.api) for cell in cells):
        own = [cell for cell in cells if (cell.member, cell.api) == (member, api)]
        verdicts = {
            order: {
                dtype: _worst(c for c in own if (c.order, c.dtype) == (order, dtype))
                for dtype in report.dtypes
            }
            for order in ORDERS
        }
        yield Row(member, api, verdicts)


def _worst(cells: Iterable[Cell]) -> str:
    return max((cell.verdict for cell in cells), key=VERDICTS.index, default="not offered")


@dataclass(frozen=True)
class Finding:
    """The failing cells of one call that have the same verdict in the same order.

    Parameters
    ----------
    cells
        The cells, the plainest example first.
    """

    cells: tuple[Cell, ...]

    @property
    def shown(self) -> Cell:
        """The cell whose numbers are shown, and whose call, order and verdict all share."""
        return self.cells[0]

    @property
    def verdict(self) -> str:
        """What all of them are."""
        return self.shown.verdict

    @property
    def worst(self) -> Measurement:
        """The measurement that is shown."""
        assert self.shown.worst is not None
        return self.shown.worst

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes in which it fails."""
        found = {cell.dtype for cell in self.cells}
        return tuple(dtype for dtype in DTYPES if dtype in found)

    @property
    def options(self) -> tuple[str, ...]:
        """The options under which it fails; the bare call is an empty string."""
        return tuple(dict.fromkeys(cell.option for cell in self.cells))

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows on which it fails."""
        failed = (m.row for cell in self.cells for m in cell.failures if m.verdict == self.verdict)
        return tuple(dict.fromkeys(failed))

    @property
    def numbers(self) -> str:
        """What is claimed and what is true, or what is raised."""
        worst = self.worst
        if worst.verdict == "raises":
            return worst.message
        off = f"; {number(worst.ulp)} ulp" if worst.ulp < float("inf") else ""
        return f"claimed {number(worst.claimed)}, true {number(worst.true)}{off}"


def findings(report: "SurveyReport") -> list[Finding]:
    """Return the failing cells in groups, wrong ones first within each library."""
    groups: dict[tuple, list[Cell]] = {}
    for cell in report.failing:
        groups.setdefault((cell.library, cell.api, cell.order, cell.verdict), []).append(cell)
    found = [Finding(tuple(sorted(group, key=_telling))) for group in groups.values()]
    names = list(report.versions)
    return sorted(found, key=lambda f: (names.index(f.shown.library), -VERDICTS.index(f.verdict)))


def _telling(cell: Cell) -> tuple:
    """Return a key that puts the plainest example first: float32, no option, far off."""
    worst = cell.worst
    assert worst is not None
    order = ("float32", "float64", "bfloat16", "float16")
    return (order.index(cell.dtype), "," in cell.option, cell.option, [-k for k in worst.badness])


def summary(report: "SurveyReport") -> str:
    """Return one sentence with the counts."""
    verdicts = [cell.verdict for cell in report.cells]
    counts = ", ".join(
        f"{verdicts.count(v):,} {v}" for v in ("ok", "convention", *FAILING) if v in verdicts
    )
    tried = sum(cell.tried for cell in report.cells)
    offered = len(verdicts) - verdicts.count("not offered")
    return f"{tried:,} measurements in {offered:,} cells: {counts}"


def number(value: float) -> str:
    """Return a number as people write it.

    >>> from softgrad.survey.report.content import number
    >>> number(-7.4364878e-09), number(0.0), number(16700000.0)
    ('-7.436e-09', '0', '1.67e+07')
    """
    return f"{value:.3g}" if abs(value) >= 1e3 else f"{value:.4g}"
