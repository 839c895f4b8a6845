"""A two-layer network in plain NumPy whose gradient passes through the softmax's backward pass."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softgrad.demo.backwards import Backward, Rows, forward
from softgrad.demo.digits import Digits

__all__ = ["FLOOR", "LOSSES", "TEMPERATURE", "Loss", "Training", "train"]

TEMPERATURE = 0.1
HIDDEN = 32
BATCH = 32
FLOOR = 1e-12


@dataclass(frozen=True)
class Loss:
    """A loss per row of probabilities, and its gradient for them."""

    name: str
    value: Callable[[Rows, Rows], Rows]
    gradient: Callable[[Rows, Rows], Rows]


@dataclass(frozen=True)
class Training:
    """Accuracy and mean loss on the test set after each epoch."""

    accuracy: NDArray[np.float64]
    loss: NDArray[np.float64]


# Without the floor a probability that has underflowed would end every wrong run at once.
LOSSES = (
    Loss(
        "-log p[y]",
        lambda p, target: -np.log(np.maximum((p * target).sum(axis=1), FLOOR)),
        lambda p, target: -target / np.maximum(p, FLOOR),
    ),
    Loss(
        "squared error",
        lambda p, target: ((p - target) ** 2).sum(axis=1),
        lambda p, target: 2 * (p - target),
    ),
)


class _Network:
    """relu(x W1 + b1) W2 + b2, then softmax at a temperature."""

    def __init__(self, inputs: int, classes: int, draw: np.random.Generator) -> None:
        self.w1 = draw.normal(size=(inputs, HIDDEN)) * np.sqrt(2 / inputs)
        self.b1 = np.zeros(HIDDEN)
        # Times the temperature: the first probabilities are then neither flat nor one-hot.
        self.w2 = draw.normal(size=(HIDDEN, classes)) * np.sqrt(1 / HIDDEN) * TEMPERATURE
        self.b2 = np.zeros(classes)

    def probabilities(self, x: Rows) -> Rows:
        return forward(np.maximum(x @ self.w1 + self.b1, 0) @ self.w2 + self.b2, TEMPERATURE)

    def step(self, x: Rows, target: Rows, loss: Loss, backward: Backward, rate: float) -> None:
        hidden = np.maximum(x @ self.w1 + self.b1, 0)
        logits = hidden @ self.w2 + self.b2
        p = forward(logits, TEMPERATURE)
        g = loss.gradient(p, target) / len(x)
        d_logits = backward.run(g, p, logits, TEMPERATURE)
        d_hidden = (d_logits @ self.w2.T) * (hidden > 0)
        self.w2 -= rate * hidden.T @ d_logits
        self.b2 -= rate * d_logits.sum(axis=0)
        self.w1 -= rate * x.T @ d_hidden
        self.b1 -= rate * d_hidden.sum(axis=0)


def train(
    digits: Digits, loss: Loss, backward: Backward, *, rate: float, epochs: int, seed: int
) -> Training:
    """Train one network by stochastic gradient descent and test it after each epoch.

    Networks of one seed start from the same weights and see the same batches. A wrong backward
    pass may drive the weights to infinity; the loss is then NaN and every image is called a 0.
    """
    draw = np.random.default_rng(seed)
    network = _Network(digits.train.shape[1], digits.classes, draw)
    targets = np.eye(digits.classes)
    accuracy, losses = [], []
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            order = draw.permutation(len(digits.train))
            for start in range(0, len(order) - BATCH + 1, BATCH):
                rows = order[start : start + BATCH]
                target = targets[digits.train_labels[rows]]
                network.step(digits.train[rows], target, loss, backward, rate)
            p = network.probabilities(digits.test)
            accuracy.append(float((p.argmax(axis=1) == digits.test_labels).mean()))
            losses.append(float(loss.value(p, targets[digits.test_labels]).mean()))
    return Training(np.array(accuracy), np.array(losses))
