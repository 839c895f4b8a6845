"""How another program gets hold of a function: by import, from its file, or by its source."""

import functools
import importlib.machinery
import site
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from softgrad.check.frameworks import Frame
from softgrad.check.reproduce.source import extracted
from softgrad.check.reproduce.values import Unwritable, written

__all__ = ["Origin", "origin_of"]

_LONGEST_PATH = 56


@dataclass(frozen=True)
class Origin:
    """Lines that make an object known, and the expression that then is it.

    ``copied`` tells that the lines are a copy of its source.
    """

    lines: tuple[str, ...]
    expression: str
    copied: bool = False


def origin_of(found: Any, frame: Frame) -> Origin | None:
    """Return how to get hold of a function or a layer; ``None`` where nothing tells."""
    if isinstance(found, functools.partial):
        return _partial(found, frame)
    owner = getattr(found, "__self__", None)
    if owner is not None and not isinstance(owner, ModuleType):
        base = origin_of(owner, frame)
        return base and Origin(base.lines, f"{base.expression}.{found.__name__}")
    module, qualname = getattr(found, "__module__", None), getattr(found, "__qualname__", None)
    if module is None or qualname is None:
        return _instance(found, frame)
    return _imported(found, module, qualname) or _held(found, [module]) or _copied(found)


def _partial(found: functools.partial, frame: Frame) -> Origin | None:
    base = origin_of(found.func, frame)
    if base is None:
        return None
    try:
        given = [written(value, frame) for value in found.args]
        given += [f"{name}={written(value, frame)}" for name, value in found.keywords.items()]
    except Unwritable:
        return None
    call = f"functools.partial({', '.join([base.expression, *given])})"
    return Origin(("import functools", *base.lines), call)


def _instance(found: Any, frame: Frame) -> Origin | None:
    """Return a module's global, or the class of an object that is made without arguments."""
    kind = type(found)
    if held := _held(found, [kind.__module__, *sys.modules]):
        return held
    if kind.__new__ is not object.__new__ or not _in_python(kind.__init__):
        return None  # a compiled class may end the process when it is made of nothing
    try:
        fresh = vars(kind())
    except Exception:
        return None
    if any(repr(value) != repr(vars(found).get(name)) for name, value in fresh.items()):
        return None
    made = origin_of(kind, frame)
    return made and Origin(made.lines, f"{made.expression}()")


def _held(found: Any, modules: list[str]) -> Origin | None:
    """Return the import of the first global that is the object."""
    for module in (sys.modules.get(name) for name in modules if name != "__main__"):
        held = vars(module) if isinstance(module, ModuleType) else {}
        for name, value in list(held.items()):
            if value is found and module is not None and module.__name__ != "__main__":
                return _from(module, name)
    return None


def _in_python(init: Any) -> bool:
    return init is object.__init__ or isinstance(init, FunctionType)


def _imported(found: Any, module_name: str, qualname: str) -> Origin | None:
    module = sys.modules.get(module_name)
    if module is None or module_name == "__main__" or "<" in qualname:
        return None
    reached: Any = module
    for part in qualname.split("."):
        reached = getattr(reached, part, None)
    return _from(module, qualname) if reached is found else None


def _from(module: ModuleType, qualname: str) -> Origin | None:
    """Return an import by name where the module is found by name, else from its file."""
    name, file = module.__name__, getattr(module, "__file__", None)
    top, _, rest = qualname.partition(".")
    expression = f"{top}.{rest}" if rest else top
    plain = f"from {name} import {top}"
    if file is None or _installed(Path(file)):
        return Origin((plain,), expression)
    root = Path(file).resolve().parents[name.count(".") + (Path(file).name == "__init__.py")]
    if importlib.machinery.PathFinder.find_spec(name.partition(".")[0], [str(root)]) and (
        Path(file).stem in (name.rpartition(".")[2], "__init__")
    ):
        return Origin((_looked_in(root), plain), expression)
    lines = (
        "import importlib.util",
        _looked_in(Path(file).resolve().parent),
        f"_spec = importlib.util.spec_from_file_location({name!r}, {str(file)!r})",
        "_module = importlib.util.module_from_spec(_spec)",
        f"sys.modules[{name!r}] = _module",
        "_spec.loader.exec_module(_module)",
    )
    return Origin(lines, f"_module.{qualname}")


def _looked_in(folder: Path) -> str:
    """Return the line that lets modules be found in the folder; a long path is broken."""
    whole = str(folder)
    if len(whole) <= _LONGEST_PATH:
        return f"sys.path.insert(0, {whole!r})"
    parts = (whole[k : k + _LONGEST_PATH] for k in range(0, len(whole), _LONGEST_PATH))
    return "\n    ".join(["sys.path.insert(\n    0,", *map(repr, parts)]) + ",\n)"


def _installed(file: Path) -> bool:
    places = [*sysconfig.get_paths().values(), *site.getsitepackages()]
    return any(file.resolve().is_relative_to(Path(place).resolve()) for place in places)


def _copied(found: Any) -> Origin | None:
    copy = extracted(found)
    return copy and Origin(copy[0], copy[1], copied=True)
