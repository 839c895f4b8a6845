"""How an equation is told: its name, its place in the sources, what makes it distinct."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jaxlib
from jax.extend import core

from softgrad.audit.jax.walk import Made
from softgrad.audit.place import Place, among
from softgrad.audit.report.words import array

__all__ = [
    "custom",
    "inputs_of",
    "key_of",
    "kind_of",
    "module_of",
    "name_of",
    "place_of",
    "written",
]

_JAX = tuple(str(Path(inspect.getfile(each)).parent) for each in (jax, jaxlib))
_NAMES = "xyzuvw"


def custom(eqn: Any) -> bool:
    """Return whether an equation has a derivative of its own."""
    return eqn.primitive.name.startswith(("custom_jvp", "custom_vjp"))


def name_of(eqn: Any) -> str:
    """Return the name of what is called."""
    if custom(eqn):
        info = _info(_body(eqn))
        return info.func_name if info is not None else eqn.primitive.name
    return f"lax.{eqn.primitive.name}"


def written(made: Made) -> str:
    """Return an equation as it would be written, arrays by their shapes."""
    shown = (_shown(atom) for atom in made.eqn.invars)
    return f"{name_of(made.eqn)}({', '.join(shown)})"


def key_of(made: Made) -> tuple:
    """Return what makes two equations the same: all but the values of their arrays."""
    eqn = made.eqn
    params = (f"{name}={_told(value)}" for name, value in eqn.params.items())
    return (*kind_of(made), *(str(atom.aval) for atom in eqn.invars), made.places, *params)


def kind_of(made: Made) -> tuple:
    """Return what makes two equations of JAX's own the same but for shapes and parameters."""
    pairs = zip(made.eqn.invars, made.bits, strict=True)
    operands = (f"{getattr(atom.aval, 'dtype', None)}{bool(bits)}" for atom, bits in pairs)
    return (made.eqn.primitive.name, *operands)


def inputs_of(made: Made) -> dict[str, Any]:
    """Return the operands by name."""
    names: tuple[str, ...] = ()
    if custom(made.eqn) and (info := _info(_body(made.eqn))) is not None:
        names = tuple(info.arg_names or ())
    if len(names) != len(made.values) or not all(map(str.isidentifier, names)):
        names = tuple(_NAMES) if len(made.values) <= len(_NAMES) else ()
    given = {k: made.values[k] for k in made.places}
    return {names[k] if names else f"x{k}": value for k, value in given.items()}


def place_of(made: Made) -> tuple[Place | None, Place | None]:
    """Return the user's line of an equation, and a package's line that it led to, if any.

    What JAX has traced before, its own functions above all, has lines of JAX alone.
    """
    found: tuple[Place | None, Place | None] = (None, None)
    for eqn in (made.eqn, *made.outer):
        traceback = eqn.source_info.traceback
        if traceback is not None:
            found = among(_frames(traceback), _JAX)
        if found[0] is not None:
            break
    return found


def module_of(eqn: Any) -> str:
    """Return the names under which an equation was traced, such as flax's modules."""
    return str(eqn.source_info.name_stack)


def _frames(traceback: Any) -> Iterator[tuple[str, int, str]]:
    for frame in traceback.frames:
        yield frame.file_name, frame.line_num, frame.function_name


def _body(eqn: Any) -> Any:
    found = eqn.params.get("call_jaxpr") or eqn.params.get("fun_jaxpr")
    return getattr(found, "jaxpr", found)


def _info(jaxpr: Any) -> Any:
    info = getattr(jaxpr, "debug_info", None)
    return info if hasattr(info, "func_name") else None


def _shown(atom: Any) -> str:
    if isinstance(atom, core.Literal) and not getattr(atom.val, "shape", ()):
        return str(atom.val)
    return array(getattr(atom.aval, "dtype", atom.aval), getattr(atom.aval, "shape", ()))


def _told(value: Any) -> str:
    """Return a parameter as text that is the same whenever the parameter is."""
    info = getattr(value, "debug_info", None)
    source = getattr(info, "func_src_info", None)
    if hasattr(value, "eqns") or hasattr(value, "jaxpr"):
        return f"{source} {value}"
    if source is not None:
        return source
    return getattr(value, "__qualname__", None) or repr(value)
