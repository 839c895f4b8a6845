"""The source of a function that cannot be imported, with all that it needs, if that is little."""

import ast
import inspect
import sys
import textwrap
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["extracted"]

MOST_NEEDED = 20


def extracted(found: Any) -> tuple[tuple[str, ...], str] | None:
    """Return lines that define a function or a class as it is, and its name.

    Only one whose globals and closure are modules, numbers, strings or such functions can
    be taken out of its place; of any other ``None`` is returned.
    """
    taken: dict[str, str] = {}
    try:
        name = _take(found, taken)
    except (_Bound, OSError, TypeError, SyntaxError):
        return None
    return tuple(taken.values()), name


class _Bound(Exception):
    """A function depends on something that has no source."""


def _take(found: Any, taken: dict[str, str]) -> str:
    if not isinstance(found, (FunctionType, type)) or len(taken) > MOST_NEEDED:
        raise _Bound
    source = textwrap.dedent(inspect.getsource(found))
    node = _lambda(found, source) if found.__name__ == "<lambda>" else _definition(source)
    name = f"_lambda{len(taken)}" if isinstance(node, ast.Lambda) else node.name
    if name in taken:
        return name
    taken[name] = ""  # a recursive function finds itself
    for other, value in _needed(found, node).items():
        _take_value(other, value, taken)
    del taken[name]  # what it needs comes first
    is_lambda = isinstance(node, ast.Lambda)
    taken[name] = f"{name} = {ast.unparse(node)}" if is_lambda else source.rstrip()
    return name


def _take_value(name: str, value: Any, taken: dict[str, str]) -> None:
    if name in taken:
        return
    if isinstance(value, ModuleType):
        known_as = "" if name == value.__name__ else f" as {name}"
        taken[name] = f"import {value.__name__}{known_as}"
    elif _plain(value):
        taken[name] = f"{name} = {value!r}"
    elif (other := _take(value, taken)) != name:
        taken[name] = f"{name} = {other}"


def _needed(found: Any, node: ast.AST) -> dict[str, Any]:
    """Return what a function, or a class with its methods, reads from outside."""
    if isinstance(found, FunctionType):
        if not all(_plain(value) for value in found.__defaults__ or ()):
            raise _Bound
        held = inspect.getclosurevars(found)
        return {**held.globals, **held.nonlocals}
    known, bases = vars(sys.modules[found.__module__]), getattr(node, "bases", [])
    names = {n.id for base in bases for n in ast.walk(base) if isinstance(n, ast.Name)}
    if not names <= set(known):
        raise _Bound
    needed = {name: known[name] for name in names}
    for member in vars(found).values():
        member = getattr(member, "__func__", member)
        if isinstance(member, FunctionType):
            needed |= _needed(member, node)
    return {name: value for name, value in needed.items() if name != "__class__"}


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_plain(each) for each in value)
    return value is None or (isinstance(value, (bool, int, float, str)) and value == value)


def _definition(source: str) -> ast.FunctionDef | ast.ClassDef:
    (node,) = ast.parse(source).body
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.decorator_list:
        raise _Bound
    return node


def _lambda(found: Any, source: str) -> ast.Lambda:
    """Return the lambda; of several in one statement, the one with the same code."""
    nodes = [node for node in ast.walk(_parsed(source)) if isinstance(node, ast.Lambda)]
    same = [n for n in nodes if len(nodes) == 1 or _code(n) == found.__code__.co_code]
    if len({ast.unparse(node) for node in same}) != 1:
        raise _Bound
    return same[0]


def _parsed(text: str) -> ast.AST:
    """Parse what the tokenizer cut out: perhaps one argument of a call, with its comma."""
    body = text.strip().rstrip(",")
    for whole in (text, f"f({body})", f"f({body}", f"({body})", f"{{{body}}}"):
        try:
            return ast.parse(whole)
        except SyntaxError:
            continue
    raise _Bound


def _code(node: ast.Lambda) -> bytes:
    compiled = compile(ast.Expression(node), "<lambda>", "eval")
    return next(c.co_code for c in compiled.co_consts if isinstance(c, CodeType))
