"""What there is to teach about each member that maps a row to a row.

The formulas are Python expressions over the names listed in :class:`Lesson`; the tests evaluate
each of them, and each line of code, against :func:`softgrad.jacobian` and :func:`softgrad.vjp`.
"""

from dataclasses import dataclass

__all__ = ["LESSONS", "UNSUITABLE", "Lesson"]


@dataclass(frozen=True)
class Lesson:
    """The words and formulas for one member.

    In the formulas ``{i}`` and ``{j}`` are the weights of the output and the input, ``{total}``
    their sum, ``{g}`` one entry of the upstream gradient and ``{m}`` the contraction. The
    temperature is appended by the caller.
    """

    output: str
    """What the outputs are called."""
    base: str
    """The member whose values the weights are made of."""
    power: float
    """The weights are those values to this power, and 0 where the value is 0."""
    symbol: str
    """The letter of the weights."""
    meaning: str
    """What the weights are."""
    on: str
    """Jacobian entry with i = j."""
    off: str
    """Jacobian entry with i != j."""
    backward: str
    """One entry of the gradient."""
    contraction: str
    """What is summed over the row, one term; empty if the rows do not mix."""
    mean: str
    """The name of the contraction."""
    whole: str
    """The gradient of the whole row, in mathematics."""
    sums: str
    """What the sums of the rows and columns are, and why."""
    numpy: str
    """The gradient in one line of NumPy, from ``g`` and the weights."""
    torch: str
    """The forward call in torch, of an argument ``{x}``."""
    jax: str
    """The forward call in JAX, of an argument ``{x}``."""
    averaged: bool = False
    """Whether the contraction is divided by the total weight."""


_ZERO_BOTH = (
    "Exactly 0, every one. The outputs always add up to 1, so no input can change their total "
    "(columns); and adding one constant to every input changes no output (rows)."
)
_ELEMENTWISE = (
    "Each output depends on its own input only, so every row and column has one entry and "
    "summing does no harm. It does for softmax, whose outputs share one normaliser: there every "
    "such sum is exactly 0."
)
_ONLY_SOFTGRAD = "softgrad.{name}({{x}})"


def _elementwise(output: str, symbol: str, derivative: str, torch: str, jax: str) -> Lesson:
    """Return the lesson of a member whose Jacobian is diagonal."""
    return Lesson(
        output=output,
        base="sigmoid",
        power=1,
        symbol=symbol,
        meaning="the sigmoid of each input",
        on=derivative,
        off="0",
        backward="{g} * " + derivative,
        contraction="",
        mean="",
        whole=f"g∘{derivative.format(i=symbol).replace(' * ', '∘')}",
        sums=_ELEMENTWISE,
        numpy="g * " + derivative.format(i=symbol),
        torch=torch,
        jax=jax,
    )


def _weighted(name: str, power: float, meaning: str) -> Lesson:
    """Return the lesson of a member whose weights are not its output."""
    return Lesson(
        output="p",
        base=name,
        power=power,
        symbol="s",
        meaning=meaning,
        on="{i} * (1 - {i} / {total})",
        off="-{i} * {j} / {total}",
        backward="{i} * ({g} - {m})",
        contraction="{g} * {i}",
        mean="⟨g,s⟩/Σs",
        whole="s∘(g - ⟨g,s⟩/Σs)",
        sums=_ZERO_BOTH,
        numpy="s * (g - (g * s).sum() / s.sum())",
        torch=_ONLY_SOFTGRAD.format(name=name),
        jax=_ONLY_SOFTGRAD.format(name=name),
        averaged=True,
    )


LESSONS = {
    "softmax": Lesson(
        output="p",
        base="softmax",
        power=1,
        symbol="p",
        meaning="the probabilities",
        on="{i} * (1 - {i})",
        off="-{i} * {j}",
        backward="{i} * ({g} - {m})",
        contraction="{g} * {i}",
        mean="⟨g,p⟩",
        whole="p∘(g - ⟨g,p⟩)",
        sums=_ZERO_BOTH,
        numpy="p * (g - (g * p).sum())",
        torch="torch.softmax({x}, -1)",
        jax="jax.nn.softmax({x})",
    ),
    "log_softmax": Lesson(
        output="log p",
        base="softmax",
        power=1,
        symbol="p",
        meaning="the probabilities",
        on="(1 - {i})",
        off="-{j}",
        backward="({g} - {i} * {m})",
        contraction="{g}",
        mean="Σg",
        whole="g - p·Σg",
        sums=(
            "The rows add up to exactly 0, because adding one constant to every input changes no "
            "output. The columns do not: this Jacobian is not symmetric, and column j adds up to "
            "1 - n·p[j] (divided by the temperature), the gradient for an upstream of all ones."
        ),
        numpy="(g - p * g.sum())",
        torch="torch.log_softmax({x}, -1)",
        jax="jax.nn.log_softmax({x})",
    ),
    "sparsemax": _weighted("sparsemax", 0, "1 where p > 0 (the support), else 0"),
    "entmax": _weighted("entmax", 0.5, "√p, for the default alpha = 1.5"),
    "sigmoid": _elementwise(
        "p", "p", "{i} * (1 - {i})", "torch.sigmoid({x})", "jax.nn.sigmoid({x})"
    ),
    "log_sigmoid": _elementwise(
        "log p",
        "p",
        "(1 - {i})",
        "torch.nn.functional.logsigmoid({x})",
        "jax.nn.log_sigmoid({x})",
    ),
    "softplus": _elementwise(
        "y", "p", "{i}", "torch.nn.functional.softplus({x})", "jax.nn.softplus({x})"
    ),
}
"""The members that can be explained, in the order in which a person should meet them."""

UNSUITABLE = {
    "logsumexp": (
        "logsumexp gives one number per row, so its Jacobian is a single row: the softmax "
        "probabilities. Explain softmax instead."
    ),
    "cross_entropy": (
        "cross_entropy needs a target and gives one number; its gradient is softmax(x) - target. "
        "Explain softmax or log_softmax, the part with a matrix, instead."
    ),
    "binary_cross_entropy": (
        "binary_cross_entropy needs a target and gives one number; its gradient is "
        "sigmoid(x) - target. Explain sigmoid instead."
    ),
}
"""The members that have no matrix to show, and why."""
