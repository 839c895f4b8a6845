"""A digit classifier that learns nothing, and the layer that is to blame, in plain NumPy.

Run it with: python library_x_numpy.py [epochs, by default 15]
or audit it as the command does: softgrad audit library_x_numpy.py:make
It needs scikit-learn for its data.
"""

import sys
import time

import numpy as np
from sklearn.datasets import load_digits

import softgrad

images, labels = load_digits(return_X_y=True)
images = images / 16


class Linear:
    def __init__(self, n: int, m: int, draw: np.random.Generator) -> None:
        self.W, self.b = draw.normal(0, 0.15, (n, m)), np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.W.T


class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, g):
        return g * (self.x > 0)


class LibraryX:
    """The softmax of some library: its value is right, its gradient is the sigmoid's."""

    def forward(self, x):
        self.p = softgrad.softmax(x)
        return self.p

    def backward(self, g):
        return g * self.p * (1 - self.p)


class Softmax(LibraryX):
    def backward(self, g):
        return self.p * (g - (g * self.p).sum(axis=-1, keepdims=True))


class Likelihood:
    def forward(self, p, target):
        self.p, self.target = p, target
        return -np.log(p[np.arange(len(p)), target] + 1e-12).mean()

    def backward(self):
        rows, g = np.arange(len(self.p)), np.zeros_like(self.p)
        g[rows, self.target] = -1 / (self.p[rows, self.target] + 1e-12) / len(rows)
        return g


def network(softmax: type) -> list:
    draw = np.random.default_rng(0)
    return [Linear(64, 32, draw), ReLU(), Linear(32, 10, draw), softmax()]


def make():
    likelihood = Likelihood()
    return network(LibraryX), images[:32], lambda p: likelihood.forward(p, labels[:32])


def run(layers: list, rows):
    for layer in layers:
        rows = layer.forward(rows)
    return rows


def accuracy_after(epochs: int, softmax: type) -> float:
    layers, loss, draw = network(softmax), Likelihood(), np.random.default_rng(1)
    for _ in range(epochs):
        for batch in np.array_split(draw.permutation(1347), 42):
            loss.forward(run(layers, images[batch]), labels[batch])
            g = loss.backward()
            for layer in reversed(layers):
                g = layer.backward(g)
            for layer in (layers[0], layers[2]):
                layer.W -= 0.3 * layer.dW
                layer.b -= 0.3 * layer.db
    return float(np.mean(run(layers, images[1347:]).argmax(-1) == labels[1347:]))


if __name__ == "__main__":
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    stuck = accuracy_after(epochs, LibraryX)
    print(f"with LibraryX: {100 * stuck:.1f} % of the test images are recognised")

    start = time.perf_counter()
    model, rows, its_loss = make()
    report = softgrad.audit(model, rows, loss=its_loss)
    (guilty,) = report.guilty
    print(f"\n{report}\n")
    seconds = time.perf_counter() - start
    print(f"named in {seconds:.1f} s: {guilty.call}, {guilty.source}: {guilty.bug}")

    learned = accuracy_after(epochs, Softmax)
    print(f"with the right backward: {100 * learned:.1f} %, beside {100 * stuck:.1f} %")
    assert guilty.bug == "diagonal_only"
    assert stuck < 0.2 < learned
