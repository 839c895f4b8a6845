"""An explanation in a terminal: 80 columns, readable without colour."""

import sys
from textwrap import wrap
from typing import TYPE_CHECKING, TextIO

from softgrad.errors import MissingExtra
from softgrad.explain.data import Explanation
from softgrad.explain.formulas import Term, number

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show"]

WIDTH = 80
NARROWEST = 50
LISTED = 4
SHOWN = 7
INDENT = 3
ROUNDING = 1e-12


def show(told: Explanation, file: TextIO | None = None) -> None:
    """Print an explanation.

    Parameters
    ----------
    told
        What :func:`softgrad.explain.explain` returned.
    file
        Where to; by default the standard output. Colour only if it is a terminal.

    Raises
    ------
    MissingExtra
        If rich is not installed.
    """
    page = _Page(_console(file or sys.stdout))
    for section in (_forward, _jacobian, _backward, _sums, _diagonal, _code):
        section(page, told)


def _console(file: TextIO) -> "Console":
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        raise MissingExtra("the text of an explanation", "rich", "cli") from None
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, NARROWEST), WIDTH)
    return console


class _Page:
    """Headings, prose, names with values, and worked formulas."""

    def __init__(self, console: "Console") -> None:
        self.console = console
        self.headings = 0

    def heading(self, title: str) -> None:
        """Start a section."""
        lead = "\n" if self.headings else ""
        self.headings += 1
        self.console.print(f"{lead}{self.headings}. {title}", style="bold cyan")

    def blank(self) -> None:
        """Leave a line empty."""
        self.console.print()

    def line(self, text: str, style: str = "") -> None:
        """Print a line, folded under its own beginning if it is too long."""
        for row in wrap(text, self.console.width - INDENT, subsequent_indent="  "):
            self.console.print(" " * INDENT + row, style=style)

    def prose(self, text: str) -> None:
        """Print a paragraph."""
        for row in wrap(text, self.console.width - INDENT):
            self.console.print(" " * INDENT + row)

    def pairs(self, pairs: list[tuple[str, str]]) -> None:
        """Print names in front of values."""
        width = max(len(name) for name, _ in pairs)
        for name, value in pairs:
            self.line(f"{name:<{width}}  {value}")

    def worked(self, terms: list[Term]) -> None:
        """Print formulas in letters, with numbers, and their values, aligned if there is room."""
        rows = [(t.name, t.letters, t.numbers, number(t.value)) for t in terms]
        widths = [max(len(row[k]) for row in rows) for k in range(4)]
        if INDENT + sum(widths) + 9 <= self.console.width:
            for row in rows:
                cells = [cell.ljust(w) for cell, w in zip(row[:3], widths, strict=False)]
                self._print(" = ".join(cells) + " = ", row[3].rjust(widths[3]))
            return
        for name, letters, numbers, value in rows:
            lead = " " * len(name)
            self.console.print(" " * INDENT + f"{name} = {letters}")
            folded = wrap(numbers, self.console.width - INDENT - len(lead) - 3 - len(value) - 3)
            for part in folded[:-1]:
                self.console.print(" " * INDENT + f"{lead}   {part}", style="dim")
            self._print(f"{lead} = {folded[-1]} = ", value)

    def _print(self, start: str, value: str) -> None:
        from rich.text import Text

        self.console.print(Text.assemble(" " * INDENT, start, (value, "bold")))


def _forward(page: _Page, told: Explanation) -> None:
    lesson = told.lesson
    page.heading(f"Forward: {lesson.output} = {told.member}({told.argument})")
    named = [("x", told.x), (lesson.output, told.y)]
    if lesson.symbol != lesson.output:
        named.append((lesson.symbol, told.weights))
    page.pairs([(name, _row(values)) for name, values in [*named, ("g", told.upstream)]])
    if lesson.symbol != lesson.output:
        page.prose(f"{lesson.symbol}: {lesson.meaning}.")
    default = "" if told.upstream_given else " (none given: 1 for the first output)"
    page.prose(f"g: the upstream gradient, dL/{_d(lesson.output)}{default}.")


def _jacobian(page: _Page, told: Explanation) -> None:
    n = len(told.x)
    page.heading(f"The Jacobian, entry by entry: J[i,j] = {_d(told.lesson.output)}[i] / dx[j]")
    page.pairs([("i = j", _maths(told, told.on)), ("i ≠ j", _maths(told, told.off))])
    page.blank()
    page.worked(_selected(told))
    if told.elementwise:
        page.prose("and every other entry is 0.")
    elif n > LISTED:
        page.prose(f"and so on: {n} entries on the diagonal, {n * n - n} off it.")
    page.blank()
    page.prose("The whole matrix:" if n <= SHOWN else f"Its first {SHOWN} rows and columns:")
    block = [[number(v) for v in row[:SHOWN]] for row in told.jacobian[:SHOWN]]
    width = max(len(cell) for row in block for cell in row)
    for row in block:
        page.line("  " + "  ".join(cell.rjust(width) for cell in row), style="bold")


def _backward(page: _Page, told: Explanation) -> None:
    page.heading("The backward pass: dx = Jᵀ g, without the matrix")
    page.line(told.whole, style="bold")
    if told.contraction:
        kind = "dot product" if "⟨" in told.contraction.name else "sum"
        page.prose(f"One {kind} for the whole row, then one product per entry:")
        term = told.contraction
        page.line(f"{term.name} = {term.numbers} = {number(term.value)}")
    page.worked(list(told.steps[:SHOWN]))
    if len(told.x) > SHOWN:
        page.prose("and so on.")
    page.line(f"dx = {_row(told.gradient)}", style="bold")


def _sums(page: _Page, told: Explanation) -> None:
    page.heading("If you add up the rows or columns of J instead")
    page.pairs([("rows", _row(told.row_sums)), ("columns", _row(told.column_sums))])
    page.prose(told.lesson.sums)
    if any(0 < abs(v) < ROUNDING for v in (*told.row_sums, *told.column_sums)):
        page.prose("Tiny numbers such as 1e-17 here are the rounding of sums that are 0.")
    if not told.elementwise:
        page.prose("The Jacobian is not summed; it is multiplied with g, as in 3.")


def _diagonal(page: _Page, told: Explanation) -> None:
    page.heading("If you keep only the diagonal of J")
    page.pairs([("diagonal", _row(told.diagonal_only)), ("right", _row(told.gradient))])
    page.prose(_diagonal_verdict(told))


def _diagonal_verdict(told: Explanation) -> str:
    if told.elementwise:
        return f"The same: off the diagonal the Jacobian of {told.member} is 0."
    both = zip(told.diagonal_only, told.gradient, strict=True)
    wrong = sum(abs(a - b) > ROUNDING for a, b in both)
    if not wrong:
        return "The same for this g, which gives the other entries nothing to add."
    count = f"{wrong} of {len(told.x)} entries {'is' if wrong == 1 else 'are'} wrong"
    if max(abs(v) for v in told.gradient) < ROUNDING:
        return f"{count}: the right gradient is 0 throughout."
    return (
        f"{count}; the error is {100 * told.diagonal_error:.0f}% of the length of the right "
        "gradient. What is lost is that the outputs share one normaliser: raising one lowers "
        "the others."
    )


def _code(page: _Page, told: Explanation) -> None:
    lesson = told.lesson
    page.heading("The same in one line")
    page.pairs([(line.library, line.code) for line in told.code])
    page.prose(
        f"with x, g and {lesson.symbol} as in 1, each an array of that library "
        "(in torch after x.requires_grad_())."
    )


def _selected(told: Explanation) -> list[Term]:
    n = len(told.x)
    if told.elementwise:
        return [told.entries[i][i] for i in range(min(n, SHOWN))]
    if n <= LISTED:
        return [term for row in told.entries for term in row]
    return [*told.entries[0][:3], *told.entries[1][:3]]


def _d(output: str) -> str:
    return f"d({output})" if " " in output else f"d{output}"


def _maths(told: Explanation, formula: str) -> str:
    s = told.lesson.symbol
    spelled = formula.replace(f"sum({s})", f"Σ{s}").replace(f"{s}[i]", f"{s}_i")
    return spelled.replace(f"{s}[j]", f"{s}_j").replace(" * (", " (").replace(" * ", "·")


def _row(values: tuple[float, ...]) -> str:
    shown = [number(v) for v in values[:SHOWN]]
    return "[" + ", ".join(shown) + (", ...]" if len(values) > SHOWN else "]")
