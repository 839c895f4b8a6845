"""Softmax with backward passes: right, wrong everywhere, and wrong at large entries only."""

import numpy as np
from check.right import softmax_back

X = np.random.default_rng(0).normal(size=(2, 3))


def right(g, y, x):
    return softmax_back(g, y)


def diagonal(g, y, x):
    return g * y * (1 - y)


def unshifted(g, x):
    e = np.exp(x)
    return softmax_back(g, e / e.sum(-1, keepdims=True))
