"""The backward pass of ``softmax(x / temperature)``: the right one, and five that people write.

Each takes the upstream gradient ``g``, the forward's own output ``y``, its input ``x`` (one row of
logits per sample) and the temperature, and returns what it believes to be the gradient for ``x``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import softgrad

__all__ = ["RIGHT", "WRONG", "Backward", "forward"]

Rows: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Backward:
    """A backward pass and its story in one line."""

    name: str
    run: Callable[[Rows, Rows, Rows, float], Rows]
    story: str


def forward(x: Rows, temperature: float) -> Rows:
    """Return the probabilities of each row."""
    return softgrad.softmax(x, temperature=temperature)


def right(g: Rows, y: Rows, x: Rows, temperature: float) -> Rows:
    """Contract the Jacobian with the upstream gradient."""
    _, pullback = softgrad.vjp(softgrad.softmax, x, temperature=temperature)
    return pullback(g)


def diagonal_only(g: Rows, y: Rows, x: Rows, temperature: float) -> Rows:
    """Use the derivative of the sigmoid."""
    return g * y * (1 - y) / temperature


def identity(g: Rows, y: Rows, x: Rows, temperature: float) -> Rows:
    """Hand the upstream gradient on."""
    return g


def summed(g: Rows, y: Rows, x: Rows, temperature: float) -> Rows:
    """Build every Jacobian, add up its rows to get the right shape, and multiply."""
    jacobian = y[:, :, None] * (np.eye(y.shape[1]) - y[:, None, :]) / temperature
    return g * jacobian.sum(axis=1)


def wrong_axis(g: Rows, y: Rows, x: Rows, temperature: float) -> Rows:
    """Take the dot product down the batch instead of along the row."""
    return y * (g - (g * y).sum(axis=0, keepdims=True)) / temperature


def no_temperature(g: Rows, y: Rows, x: Rows, temperature: float) -> Rows:
    """Use the formula for temperature 1."""
    return y * (g - (g * y).sum(axis=1, keepdims=True))


RIGHT = Backward("right (softgrad)", right, "p∘(g - ⟨g,p⟩)/T, from softgrad.vjp.")

WRONG = (
    Backward(
        "diagonal only",
        diagonal_only,
        "g∘p∘(1 - p)/T: the sigmoid's derivative; outputs do not push each other down.",
    ),
    Backward("identity", identity, "g: the gradient for the probabilities taken for the logits'."),
    Backward(
        "summed Jacobian",
        summed,
        'g∘(column sums of J): "J is a matrix but x has n entries, so I add it up".',
    ),
    Backward(
        "wrong axis",
        wrong_axis,
        "p∘(g - Σ over the batch)/T: axis=0 where axis=1 was meant.",
    ),
    Backward(
        "missing 1/T",
        no_temperature,
        "p∘(g - ⟨g,p⟩): right for softmax(x), but the forward divides x by T.",
    ),
)
"""The five wrong ones, in the order in which the demo tells them."""
