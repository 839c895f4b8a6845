"""JAX under ``jit``, each call waited for."""

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

import jax
import jax.numpy as jnp
from bench.kernels.cases import Case, logits, probabilities, target, upstream


def _jitted(function: Callable, *given: Any) -> Callable[[], object]:
    run, arrays = jax.jit(function), jax.tree.map(jnp.asarray, given)
    return lambda: jax.block_until_ready(run(*arrays))


def _of_rows(x: jax.Array, t: jax.Array) -> jax.Array:
    log_p = jax.nn.log_softmax(x)
    return -jnp.take_along_axis(log_p, t[:, None], 1)[:, 0]


def _mean(x: jax.Array, t: jax.Array) -> jax.Array:
    return _of_rows(x, t).mean()


def _pulled(function: Callable, case: Case) -> Callable[[], object]:
    pull = jax.jit(lambda x: jax.vjp(function, x)[1])(jnp.asarray(logits(case)))
    return _jitted(lambda pull, g: pull(g)[0], pull, upstream(case))


def softmax(case: Case) -> Callable[[], object]:
    return _jitted(lambda x: jax.nn.softmax(x, case.axis), logits(case))


def log_softmax(case: Case) -> Callable[[], object]:
    return _jitted(lambda x: jax.nn.log_softmax(x, case.axis), logits(case))


def logsumexp(case: Case) -> Callable[[], object]:
    return _jitted(lambda x: jax.nn.logsumexp(x, case.axis), logits(case))


def loss(case: Case) -> Callable[[], object]:
    return _jitted(_mean, logits(case), target(case))


def losses(case: Case) -> Callable[[], object]:
    return _jitted(_of_rows, logits(case), target(case))


def loss_gradient(case: Case) -> Callable[[], object]:
    return _jitted(jax.value_and_grad(_mean), logits(case), target(case))


def softmax_backward(case: Case) -> Callable[[], object]:
    return _pulled(lambda x: jax.nn.softmax(x, case.axis), case)


def log_softmax_backward(case: Case) -> Callable[[], object]:
    return _pulled(lambda x: jax.nn.log_softmax(x, case.axis), case)


def jacobian_product(case: Case) -> Callable[[], object]:
    return _jitted(lambda p, t: p * (t - (p * t).sum()), probabilities(case), upstream(case))


def dense_jacobian(case: Case) -> Callable[[], object]:
    return _jitted(jax.jacrev(jax.nn.softmax), logits(case))
