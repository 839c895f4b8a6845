"""A digit classifier that learns nothing, and the call that is to blame, in JAX.

Run it with: python library_x_jax.py [epochs, by default 15]
or audit it as the command does: softgrad audit library_x_jax.py:make
It needs JAX and, for its data, scikit-learn.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

import softgrad

images, labels = load_digits(return_X_y=True)
images = np.float32(images / 16)


@jax.custom_vjp
def library_x(x):
    """Return the softmax of some library: its value is right, its gradient is the sigmoid's."""
    return jax.nn.softmax(x)


library_x.defvjp(lambda x: (library_x(x),) * 2, lambda p, g: (g * p * (1 - p),))


def loss(softmax: Callable, weights: dict, rows, target):
    logits = jax.nn.relu(rows @ weights["hidden"]) @ weights["out"]
    p = softmax(logits)
    return -jnp.log(jnp.take_along_axis(p, target[:, None], -1)).mean()


def start() -> dict:
    draw = np.random.default_rng(0)
    shapes = {"hidden": (64, 32), "out": (32, 10)}
    return {name: np.float32(draw.normal(0, 0.15, shape)) for name, shape in shapes.items()}


def make():
    return partial(loss, library_x), {
        "weights": start(),
        "rows": jnp.asarray(images[:32]),
        "target": labels[:32],
    }


@partial(jax.jit, static_argnums=0)
def step(softmax: Callable, weights: dict, rows, target) -> dict:
    slopes = jax.grad(partial(loss, softmax))(weights, rows, target)
    return jax.tree.map(lambda w, slope: w - 0.3 * slope, weights, slopes)


def accuracy_after(epochs: int, softmax: Callable) -> float:
    weights, draw = start(), np.random.default_rng(1)
    for _ in range(epochs):
        for batch in np.split(draw.permutation(1344), 42):
            weights = step(softmax, weights, images[batch], labels[batch])
    logits = np.maximum(images[1347:] @ weights["hidden"], 0) @ weights["out"]
    return float(np.mean(np.argmax(logits, -1) == labels[1347:]))


if __name__ == "__main__":
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    stuck = accuracy_after(epochs, library_x)
    print(f"with library_x: {100 * stuck:.1f} % of the test images are recognised")

    begin = time.perf_counter()
    function, inputs = make()
    report = softgrad.audit(function, **inputs)
    (guilty,) = report.guilty
    print(f"\n{report}\n")
    seconds = time.perf_counter() - begin
    print(f"named in {seconds:.1f} s: {guilty.call}, {guilty.source}: {guilty.bug}")

    learned = accuracy_after(epochs, softgrad.softmax)
    print(f"with softgrad.softmax in that line: {100 * learned:.1f} %, beside {100 * stuck:.1f} %")
    assert guilty.bug == "diagonal_only"
    assert stuck < 0.2 < learned
