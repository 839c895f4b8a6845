"""The derivative of the whole function, input by input."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from softgrad.audit.jax.traced import Traced
from softgrad.check import Report, check

__all__ = ["whole"]


def whole(traced: Traced, seed: int) -> Report:
    """Check the function as one of a step for each of its inputs, along a random direction."""
    rng = np.random.default_rng(seed)
    named = {name: traced.arrays[name] for name in traced.floating if traced.arrays[name].size}
    directions = {name: _direction(value, rng) for name, value in named.items()}

    shapes = [out.shape for out in traced.jaxpr.out_avals]
    alone = sum(map(np.prod, shapes)) == 1
    weights = [np.ones(shape) if alone else _signs(shape, rng) for shape in shapes]

    def total(steps: Mapping[str, Any]) -> Any:
        moved = {n: v + (steps[n] * directions[n]).astype(v.dtype) for n, v in named.items()}
        outputs = traced.function({**traced.arrays, **moved})
        pairs = zip(outputs, weights, strict=True)
        return sum((out * weight.astype(out.dtype)).real.sum() for out, weight in pairs)

    function, slopes = jax.jit(total), jax.jit(_derivative(total, list(named)))

    def claim(**steps: Any) -> dict[str, np.ndarray]:
        return {name: np.asarray(slope) for name, slope in slopes(steps).items()}

    kind = jnp.result_type(*(value.real for value in named.values()))
    start = {name: np.zeros((), kind) for name in named}
    run = lambda **steps: np.asarray(function(steps))  # noqa: E731
    return check(run, start, grad=claim, battery=False, seed=seed)


def _derivative(function: Callable, names: list[str]) -> Callable:
    """Return the derivative in reverse mode, or in forward mode of what has a while loop in it."""
    try:
        jax.eval_shape(jax.grad(function), dict.fromkeys(names, 0.0))
    except ValueError:
        return jax.jacfwd(function)
    return jax.grad(function)


def _signs(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1.0, 1.0], shape)


def _direction(value: Any, rng: np.random.Generator) -> Any:
    """Return random signs, as large as the input's entries are on the average."""
    host = np.asarray(value, np.complex128)
    scale = float(np.sqrt(np.mean(np.abs(host) ** 2)))
    return jnp.asarray(_signs(value.shape, rng) * (scale or 1.0), value.dtype)
