"""Everything an explanation shows, computed by softgrad's own Jacobian and pullback."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import softgrad
from softgrad.errors import ArgumentError
from softgrad.explain.formulas import Formulas, Term
from softgrad.explain.lessons import LESSONS, UNSUITABLE, Lesson

__all__ = ["Explanation", "Line", "explain"]

Row = tuple[float, ...]


@dataclass(frozen=True)
class Line:
    """One line of code that gives the gradient, in one library."""

    library: str
    code: str


@dataclass(frozen=True)
class Explanation:
    """The Jacobian and the backward pass of one row, with every number used on the way."""

    member: str
    temperature: float
    lesson: Lesson
    x: Row
    upstream: Row
    upstream_given: bool
    y: Row
    weights: Row
    on: str
    off: str
    jacobian: tuple[Row, ...]
    entries: tuple[tuple[Term, ...], ...]
    contraction: Term | None
    steps: tuple[Term, ...]
    gradient: Row
    row_sums: Row
    column_sums: Row
    diagonal_only: Row
    diagonal_error: float
    code: tuple[Line, ...]

    @property
    def argument(self) -> str:
        """What the member is applied to."""
        return "x" if self.temperature == 1 else f"x / {self.temperature:g}"

    @property
    def whole(self) -> str:
        """The gradient of the whole row, in mathematics."""
        whole = self.lesson.whole
        if self.temperature == 1:
            return f"dx = {whole}"
        product = " - " not in whole or whole.endswith(")")
        return f"dx = {whole if product else f'({whole})'} / {self.temperature:g}"

    @property
    def elementwise(self) -> bool:
        """Whether the Jacobian is diagonal by definition."""
        return not self.lesson.contraction


def explain(
    x: Sequence[float],
    upstream: Sequence[float] | None = None,
    *,
    member: str = "softmax",
    temperature: float = 1.0,
) -> Explanation:
    """Explain the Jacobian and the backward pass of one row.

    Parameters
    ----------
    x
        The row, at least two finite numbers.
    upstream
        The gradient of the loss with respect to each output; by default a 1 for the first output
        and 0 for the others, which gives the gradient of that output.
    member
        The function, one of ``LESSONS``.
    temperature
        The inputs are divided by it first.

    Raises
    ------
    ArgumentError
        If a number is missing, not finite, or the member has no matrix to show.

    Examples
    --------
    >>> from softgrad.explain import explain
    >>> told = explain([1.0, 2.0, 3.0], [1.0, 0.0, 0.0])
    >>> told.entries[0][1].letters, round(told.entries[0][1].value, 4)
    ('-p[0] * p[1]', -0.022)
    """
    lesson = _lesson(member)
    row = _row("x", x)
    if row.size < 2:
        raise ArgumentError(
            f"x must hold at least two numbers; got {row.size}. With one, there is nothing to "
            "share and softmax is always 1."
        )
    g = np.eye(row.size)[0] if upstream is None else _row("upstream", upstream)
    if g.size != row.size:
        raise ArgumentError(
            f"upstream must hold one number per entry of x; got {g.size} for {row.size}"
        )
    if not (np.isfinite(temperature) and temperature > 0):
        raise ArgumentError(f"temperature must be a positive number; got {temperature:g}")
    with np.errstate(over="ignore"):
        scaled = row / temperature
    if not np.isfinite(scaled).all():
        raise ArgumentError(
            f"temperature {temperature:g} is too small: x / temperature would not be finite"
        )
    return _compute(member, lesson, row, g, upstream is not None, float(temperature))


def _lesson(member: str) -> Lesson:
    if member in LESSONS:
        return LESSONS[member]
    why = UNSUITABLE.get(member)
    raise ArgumentError(why or f"member must be one of {', '.join(LESSONS)}; got {member!r}")


def _row(name: str, values: Sequence[float]) -> np.ndarray:
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1:
        raise ArgumentError(f"{name} must be one row of numbers; got shape {row.shape}")
    if not np.isfinite(row).all():
        bad = ", ".join(f"{v:g}" for v in row[~np.isfinite(row)])
        raise ArgumentError(f"{name} must hold finite numbers; got {bad}")
    return row


def _compute(
    member: str, lesson: Lesson, x: np.ndarray, g: np.ndarray, given: bool, temperature: float
) -> Explanation:
    f = softgrad.functions()[member]
    y, pullback = softgrad.vjp(f, x, temperature=temperature)
    dense = softgrad.jacobian(f, x, temperature=temperature).to_dense()
    gradient = pullback(g)
    base = softgrad.functions()[lesson.base](x, temperature=temperature)
    weights = np.where(base > 0, base**lesson.power, 0.0)
    diagonal = g * np.diagonal(dense)
    scale = np.linalg.norm(gradient)
    over = "" if temperature == 1 else f" / {temperature:g}"
    told = Formulas(lesson, over, weights, g)
    return Explanation(
        member=member,
        temperature=temperature,
        lesson=lesson,
        x=_tuple(x),
        upstream=_tuple(g),
        upstream_given=given,
        y=_tuple(y),
        weights=_tuple(weights),
        on=told.letters(lesson.on, "i", "i"),
        off=told.letters(lesson.off, "i", "j"),
        jacobian=tuple(_tuple(row) for row in dense),
        entries=tuple(
            tuple(told.entry(i, j, dense[i, j]) for j in range(x.size)) for i in range(x.size)
        ),
        contraction=told.contraction(),
        steps=tuple(told.step(i, gradient[i]) for i in range(x.size)),
        gradient=_tuple(gradient),
        row_sums=_tuple(dense.sum(axis=1)),
        column_sums=_tuple(dense.sum(axis=0)),
        diagonal_only=_tuple(diagonal),
        diagonal_error=float(np.linalg.norm(diagonal - gradient) / scale) if scale else 0.0,
        code=_code(member, lesson, temperature, over),
    )


def _code(member: str, lesson: Lesson, temperature: float, over: str) -> tuple[Line, ...]:
    option = "" if temperature == 1 else f", temperature={temperature:g}"
    torch, jax = lesson.torch.format(x=f"x{over}"), lesson.jax.format(x=f"x{over}")
    plain = jax.removesuffix("(x)")
    function = plain if plain != jax else f"lambda x: {jax}"
    return (
        Line("NumPy", lesson.numpy + over),
        Line("torch", f"torch.autograd.grad({torch}, x, g)[0]"),
        Line("JAX", f"jax.vjp({function}, x)[1](g)[0]"),
        Line("softgrad", f"softgrad.vjp(softgrad.{member}, x{option})[1](g)"),
    )


def _tuple(row: np.ndarray) -> Row:
    return tuple(float(v) for v in row)
