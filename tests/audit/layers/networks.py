"""Networks from scratch: layers as people write them, right ones and wrong ones."""

import numpy as np


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


X = draw(5, 4)
TARGET = np.array([0, 1, 2, 0, 1])


class Linear:
    def __init__(self, n: int, m: int, seed: int = 0) -> None:
        self.W, self.b = draw(n, m, seed=seed), np.zeros(m)
        self.dW, self.db = np.zeros_like(self.W), np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW[...] = self.x.T @ g
        self.db[...] = g.sum(axis=0)
        return g @ self.W.T


class MeanBias(Linear):
    """The gradient of its bias is a mean where a sum is right."""

    def backward(self, g):
        g_x = super().backward(g)
        self.db[...] = g.mean(axis=0)
        return g_x


class Gathered:
    """Parameters and their gradients in dicts."""

    def __init__(self) -> None:
        self.params, self.grads = {"weight": draw(4, 4, seed=3)}, {}

    def forward(self, x):
        self.x = x
        return x @ self.params["weight"]

    def backward(self, g):
        self.grads["weight"] = self.x.T @ g
        return g @ self.params["weight"].T


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, g):
        return g * self.mask


class Dropout:
    """Draws its noise from a generator of its own."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def forward(self, x):
        self.keep = self.rng.random(x.shape) < 0.5
        return x * self.keep

    def backward(self, g):
        return g * self.keep


class BatchNorm:
    """Keeps running statistics, a list of what it has seen, and a count."""

    def __init__(self, n: int) -> None:
        self.gamma, self.mean, self.seen, self.count = np.ones(n), np.zeros(n), [], 0

    def forward(self, x):
        self.mean *= 0.9
        self.mean += 0.1 * x.mean(axis=0)
        self.seen.append(len(x))
        self.count += 1
        self.scale = np.sqrt(x.var(axis=0) + 1e-5)
        self.z = (x - x.mean(axis=0)) / self.scale
        return self.gamma * self.z

    def backward(self, g):
        self.dgamma = (g * self.z).sum(axis=0)
        g = g * self.gamma
        return (g - g.mean(axis=0) - self.z * (g * self.z).mean(axis=0)) / self.scale


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.p = e / e.sum(axis=-1, keepdims=True)
        return self.p

    def backward(self, g):
        return self.p * (g - (g * self.p).sum(axis=-1, keepdims=True))


class Diagonal(Softmax):
    def backward(self, g):
        return g * self.p * (1 - self.p)


class Likelihood:
    """A loss: its backward takes nothing."""

    def forward(self, p, target):
        self.p, self.target = p, target
        return -np.log(p[np.arange(len(p)), target]).mean()

    def backward(self):
        g = np.zeros_like(self.p)
        rows = np.arange(len(g))
        g[rows, self.target] = -1 / self.p[rows, self.target] / len(g)
        return g


class Flipped(Likelihood):
    def backward(self):
        return -super().backward()


class Targeted(Softmax):
    """A softmax and the loss behind it in one: its backward takes the target."""

    def backward(self, y):
        return (self.p - np.eye(self.p.shape[-1])[y]) / len(y)


class Residual:
    """A block that holds a layer; ``share`` is 1 where its backward is right."""

    def __init__(self, inner, share: float = 1.0) -> None:
        self.inner, self.share = inner, share

    def forward(self, x):
        return x + self.inner.forward(x)

    def backward(self, g):
        return self.share * g + self.inner.backward(g)


class Network:
    """Layers in attributes, run by a forward of its own."""

    def __init__(self, softmax) -> None:
        self.first, self.act, self.second = Linear(4, 6), ReLU(), Linear(6, 3, seed=1)
        self.softmax = softmax

    def forward(self, x):
        hidden = self.act.forward(self.first.forward(x))
        return self.softmax.forward(self.second.forward(hidden))

    def backward(self, g):
        g = self.second.backward(self.softmax.backward(g))
        return self.first.backward(self.act.backward(g))


class Listed:
    """Layers in a list and nothing that runs them."""

    def __init__(self, *layers) -> None:
        self.layers = list(layers)
