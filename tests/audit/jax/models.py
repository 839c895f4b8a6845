"""Functions of JAX's, right ones and wrong ones."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np


def draw(*shape: int, seed: int = 0) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


X = draw(3, 4)
W = draw(4, 4, seed=1) / 2
TOKENS = jnp.asarray([[0, 3, 1], [2, 2, 4]])


@jax.custom_vjp
def wrong(x):
    return jax.nn.softmax(x)


wrong.defvjp(lambda x: (jax.nn.softmax(x),) * 2, lambda p, g: (g * p * (1 - p),))


@jax.custom_jvp
def pushed(x):
    return jnp.sin(x)


pushed.defjvp(lambda xs, ts: (pushed(*xs), 2.0 * jnp.cos(xs[0]) * ts[0]))


def mlp(params, x):
    for layer in params[:-1]:
        x = jax.nn.relu(x @ layer["w"] + layer["b"])
    return x @ params[-1]["w"] + params[-1]["b"]


def mlp_params():
    return [{"w": draw(4, 5), "b": draw(5, seed=2)}, {"w": draw(5, 2, seed=3), "b": jnp.zeros(2)}]


def norm(x, gain):
    x = x - x.mean(-1, keepdims=True)
    return x * jax.lax.rsqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gain


def block(x, p):
    q, k, v = jnp.split(norm(x, p["gain"]) @ p["qkv"], 3, -1)
    scores = q @ k.swapaxes(-1, -2) / 2.0
    scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
    x = x + jax.nn.softmax(scores, -1) @ v
    return x + jax.nn.gelu(x @ p["up"]) @ p["down"]


@jax.jit
def transformer(params, tokens, key):
    x = params["embedding"][tokens]
    x = x * jax.random.bernoulli(key, 0.9, x.shape) / 0.9
    x, _ = jax.lax.scan(jax.checkpoint(lambda x, p: (block(x, p), None)), x, params["blocks"])
    logits = jax.nn.log_softmax(x @ params["embedding"].T)
    return -jnp.take_along_axis(logits[:, :-1], tokens[:, 1:, None], -1).mean()


def transformer_params():
    blocks = {"gain": jnp.ones((2, 4)), "qkv": draw(2, 4, 12), "up": draw(2, 4, 6)}
    return {"embedding": draw(5, 4), "blocks": blocks | {"down": draw(2, 6, 4)}}


@partial(jax.tree_util.register_dataclass, data_fields=["weight"], meta_fields=["power"])
@dataclass
class Module:
    """A callable pytree, as equinox's modules are."""

    weight: jax.Array
    power: int

    def __call__(self, x):
        return jnp.tanh(x @ self.weight) ** self.power


def scanned(f, x):
    return jax.jit(lambda x: jax.lax.scan(lambda c, w: (f(c @ w), None), x, jnp.stack([W, W])))(x)


PLACES = {
    "plain": lambda f, x: f(x),
    "jit": lambda f, x: jax.jit(lambda x: f(x))(x),
    "scan in jit": scanned,
    "remat": lambda f, x: jax.checkpoint(lambda x: f(x))(x),
    "cond": lambda f, x: jax.lax.cond(x[0, 0] > -9, lambda x: f(x), lambda x: x, x),
    "for": lambda f, x: jax.lax.fori_loop(0, 2, lambda _, x: f(x), x),
    "vmap": lambda f, x: jax.vmap(lambda row: f(row))(x),
}
"""Ways to call a function."""
