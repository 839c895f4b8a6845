"""Which inputs each value of a jaxpr depends on differentiably, as sets of bits."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

import jax.numpy as jnp
from jax.extend import core

__all__ = ["all_of", "flow", "inner", "is_floating", "through"]

_STOPS = ("stop_gradient",)


def is_floating(atom: Any) -> bool:
    """Return whether a variable is a real floating or a complex array."""
    dtype = getattr(atom.aval, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.inexact)


def all_of(bits: Sequence[int]) -> int:
    """Return the union."""
    return reduce(or_, bits, 0)


def inner(eqn: Any) -> Any:
    """Return the jaxpr of an equation that does no more than run it, else ``None``."""
    if eqn.primitive.name.startswith("custom_"):
        return None
    if eqn.primitive.name in ("scan", "while", "cond"):
        return None
    found = next((eqn.params[name] for name in ("jaxpr", "call_jaxpr") if name in eqn.params), None)
    if found is None or _types(_open(found).invars) != _types(eqn.invars):  # of a shard, say
        return None
    return found


def flow(jaxpr: Any, bits: Sequence[int]) -> list[int]:
    """Return what the outputs of a jaxpr depend on, given what its inputs do."""
    jaxpr = _open(jaxpr)
    known = dict(zip(jaxpr.invars, bits, strict=True))
    for eqn in jaxpr.eqns:
        given = [_of(known, atom) for atom in eqn.invars]
        known.update(zip(eqn.outvars, through(eqn, given), strict=True))
    return [_of(known, atom) for atom in jaxpr.outvars]


def through(eqn: Any, bits: Sequence[int]) -> list[int]:
    """Return what the outputs of an equation depend on."""
    name, params = eqn.primitive.name, eqn.params
    if name == "scan":
        return carried(params["jaxpr"], bits, params["num_consts"], params["num_carry"])[1]
    if name == "while":
        consts, skipped = params["body_nconsts"], params["cond_nconsts"]
        count = len(bits) - consts - skipped
        return carried(params["body_jaxpr"], bits[skipped:], consts, count)[1]
    if name == "cond":
        branches = [flow(branch, bits[1:]) for branch in params["branches"]]
        return [all_of(each) for each in zip(*branches, strict=True)]
    if (body := inner(eqn)) is not None:
        return flow(body, bits)
    union = 0 if name in _STOPS else all_of(bits)
    return [union if is_floating(out) else 0 for out in eqn.outvars]


def carried(body: Any, bits: Sequence[int], consts: int, count: int) -> tuple[list[int], list[int]]:
    """Return what the inputs and the outputs of a loop's body depend on, after any iteration."""
    bits = list(bits)
    while True:
        out = flow(body, bits)
        again = [*bits]
        for k in range(count):
            again[consts + k] |= out[k]
        if again == bits:
            return bits, out
        bits = again


def _open(jaxpr: Any) -> Any:
    return getattr(jaxpr, "jaxpr", jaxpr)


def _of(known: dict, atom: Any) -> int:
    return 0 if isinstance(atom, core.Literal) else known.get(atom, 0)


def _types(atoms: Sequence[Any]) -> list[Any]:
    avals = [atom.aval for atom in atoms]
    return [(getattr(aval, "shape", None), getattr(aval, "dtype", None)) for aval in avals]
