"""Two ways to a derivative: softgrad's calculus, and the framework's own differentiation."""

from collections.abc import Callable
from typing import Any

import softgrad

__all__ = ["ROUTES", "native", "softgrad_route"]

Products = tuple[Any, Any, Any, Any]
"""Value, VJP, JVP and HVP; the VJP and HVP as one array per input."""


def softgrad_route(f: Any, args: dict, wrt: tuple, t: tuple, g: Any) -> Products:
    """Return all four by softgrad's calculus."""
    y, pullback = softgrad.vjp(f, wrt=wrt, **args)
    _, dy = softgrad.jvp(f, wrt=wrt, tangent=t, **args)
    return y, pullback(g), dy, softgrad.hvp(f, wrt=wrt, tangent=t, cotangent=g, **args)


def torch_route(f: Any, args: dict, wrt: tuple, t: tuple, g: Any) -> Products:
    """Return all four by torch.func, the HVP as forward over reverse."""
    import torch

    call, x = _over(f, args, wrt)
    y, pullback = torch.func.vjp(call, *x)
    _, dy = torch.func.jvp(call, x, t)
    _, hv = torch.func.jvp(lambda *x: torch.func.vjp(call, *x)[1](g), x, t)
    return y, pullback(g), dy, hv


def jax_route(f: Any, args: dict, wrt: tuple, t: tuple, g: Any) -> Products:
    """Return all four by JAX, compiled, the HVP as forward over reverse."""
    import jax

    call, x = _over(f, args, wrt)

    def everything(x: tuple, t: tuple, g: Any) -> Products:
        y, pullback = jax.vjp(call, *x)
        _, dy = jax.jvp(call, x, t)
        _, hv = jax.jvp(lambda *x: jax.vjp(call, *x)[1](g), x, t)
        return y, pullback(g), dy, hv

    return jax.jit(everything)(x, t, g)


def _over(f: Any, args: dict, wrt: tuple) -> tuple[Callable[..., Any], tuple]:
    rest = {k: v for k, v in args.items() if k not in wrt}
    return (lambda *x: f(**rest, **dict(zip(wrt, x, strict=True)))), tuple(args[k] for k in wrt)


ROUTES = {"numpy": None, "torch": torch_route, "jax": jax_route, "array_api_strict": None}


def native(module: str) -> Callable[..., Products] | None:
    """Return the framework's own route, or None where the library has none."""
    return ROUTES[module]
