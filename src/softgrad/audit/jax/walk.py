"""Running a jaxpr equation by equation, through everything that it calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jax.extend import core

from softgrad.audit.jax.flow import carried, inner, through

__all__ = ["Made", "walk"]


@dataclass(frozen=True, eq=False)
class Made:
    """One equation, as it is evaluated.

    Parameters
    ----------
    eqn
        The equation.
    places
        Which of its operands ``function`` takes: each variable once.
    function
        Makes it.
    values
        Its operands.
    bits
        Which of the whole's inputs each operand depends on.
    outer
        The equations that it is within, the innermost first.
    """

    eqn: Any
    places: tuple[int, ...]
    function: Callable[..., list[Any]]
    values: list[Any]
    bits: list[int]
    outer: tuple[Any, ...]

    def output(self) -> list[Any]:
        """Evaluate it."""
        return self.function(*(self.values[k] for k in self.places))


Seen = Callable[[Made], list[Any]]


def walk(
    closed: Any,
    values: Sequence[Any],
    bits: Sequence[int],
    seen: Seen,
    outer: tuple[Any, ...] = (),
) -> list[Any]:
    """Return the outputs of a jaxpr; each equation is made by ``seen``.

    Of what calls a jaxpr, the equations of that are seen in its place: a loop's at the values of
    its first iteration, those of the branch that is taken.
    """
    jaxpr = closed.jaxpr
    known = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    known.update(zip(jaxpr.invars, values, strict=True))
    reach = dict(zip(jaxpr.invars, bits, strict=True))
    for eqn in jaxpr.eqns:
        literal = [isinstance(atom, core.Literal) for atom in eqn.invars]
        pairs = list(zip(eqn.invars, literal, strict=True))
        given = [atom.val if plain else known[atom] for atom, plain in pairs]
        own = [0 if plain else reach.get(atom, 0) for atom, plain in pairs]
        made = Made(eqn, *_alone(eqn, jaxpr.debug_info), given, own, outer)
        out = _made(made, seen)
        known.update(zip(eqn.outvars, out, strict=True))
        reach.update(zip(eqn.outvars, through(eqn, own), strict=True))
    return [v.val if isinstance(v, core.Literal) else known[v] for v in jaxpr.outvars]


def _alone(eqn: Any, debug: Any) -> tuple[tuple[int, ...], Callable[..., list[Any]]]:
    """Return one equation as a function, and which operands that takes: each variable once."""
    atoms = [None if isinstance(atom, core.Literal) else atom for atom in eqn.invars]
    distinct = [atom for atom in dict.fromkeys(atoms) if atom is not None]
    jaxpr = core.Jaxpr(
        [],
        distinct,
        list(eqn.outvars),
        [eqn],
        eqn.effects,
        debug and debug._replace(arg_names=None, result_paths=None),
    )
    function = core.jaxpr_as_fun(core.ClosedJaxpr(jaxpr, []))
    return tuple(map(atoms.index, distinct)), function


def _made(made: Made, seen: Seen) -> list[Any]:
    name, params = made.eqn.primitive.name, made.eqn.params
    given, own, outer = made.values, made.bits, (made.eqn, *made.outer)
    if name == "cond":
        return walk(params["branches"][int(given[0])], given[1:], own[1:], seen, outer)
    if (body := inner(made.eqn)) is not None:
        return walk(_closed(body), given, own, seen, outer)
    if name == "scan":
        _first_iteration(made, seen, outer)
    elif name == "while":
        skipped, consts = params["cond_nconsts"], params["body_nconsts"]
        count = len(given) - skipped - consts
        reach = carried(params["body_jaxpr"], own[skipped:], consts, count)[0]
        walk(params["body_jaxpr"], given[skipped:], reach, seen, outer)
    else:
        return seen(made)
    return made.output()


def _first_iteration(made: Made, seen: Seen, outer: tuple[Any, ...]) -> None:
    params, given = made.eqn.params, made.values
    consts, count = params["num_consts"], params["num_carry"]
    if not params["length"]:
        return
    at = -1 if params["reverse"] else 0
    first = [*given[: consts + count], *(x[at] for x in given[consts + count :])]
    reach = carried(params["jaxpr"], made.bits, consts, count)[0]
    walk(params["jaxpr"], first, reach, seen, outer)


def _closed(jaxpr: Any) -> Any:
    return jaxpr if hasattr(jaxpr, "consts") else core.ClosedJaxpr(jaxpr, [])
