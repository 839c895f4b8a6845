"""From ``module:function`` or ``path/file.py:function`` to the objects they name."""

import difflib
import functools
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import softgrad
from softgrad.cli.inputs import required
from softgrad.errors import ArgumentError
from softgrad.function import Function

__all__ = ["Target", "named", "raised", "resolve"]


@dataclass(frozen=True)
class Target:
    """What is to be checked, and its claim if it is a function of its own."""

    name: str
    subject: Any
    claim: Callable[..., Any] | None

    @property
    def is_pair(self) -> bool:
        """Whether the subject is an object with forward and backward."""
        return callable(getattr(self.subject, "forward", None)) and callable(
            getattr(self.subject, "backward", None)
        )

    @property
    def forward(self) -> Callable[..., Any]:
        """The function whose parameters are the inputs."""
        if self.is_applied:
            return functools.partial(self.subject.__self__.forward, None)  # without its context
        return getattr(self.subject, "forward", self.subject)

    @property
    def is_applied(self) -> bool:
        """Whether the subject is the ``apply`` of a torch ``autograd.Function``: no keywords."""
        owner = getattr(self.subject, "__self__", None)
        return isinstance(owner, type) and callable(getattr(owner, "forward", None))

    def arguments(self, arrays: dict[str, Any]) -> Any:
        """Return the arrays as the subject takes them: by name, or in the order it wants."""
        if not self.is_applied:
            return arrays
        missing = [name for name in required(self.forward) if name not in arrays]
        if missing:
            raise ArgumentError(f"{self.name} needs {', '.join(missing)}; give all in --inputs")
        names = [name for name in inspect.signature(self.forward).parameters if name in arrays]
        return tuple(arrays[name] for name in names)


def resolve(target: str, vjp: str | None) -> Target:
    """Import the module and find the function and its backward pass.

    Raises
    ------
    ArgumentError
        If a name does not exist or the module cannot be imported; the message says which.
    """
    module, where, name = _imported(target)
    subject = _usable(_find(module, where, name), target)
    if not callable(subject) and not hasattr(subject, "forward"):
        raise ArgumentError(
            f"{target} must be a function or have forward and backward; "
            f"it is of type {type(subject).__name__}"
        )
    if isinstance(subject, Function):
        return Target(target, subject, _own_claim(subject))
    claim = _find(module, where, vjp) if vjp else _claim_of(module, name)
    if claim is not None and not callable(claim):
        raise ArgumentError(f"vjp must name a function; {vjp} is of type {type(claim).__name__}")
    return Target(target, subject, claim)


def _imported(target: str) -> tuple[ModuleType, str, str]:
    """Import the module that a target names; return it with its name and the object's."""
    where, colon, name = target.rpartition(":")
    if not (where and colon and name):
        raise ArgumentError(
            f"target must be module:function or path/file.py:function; got {target!r}"
        )
    return _load(where), where, name


def named(target: str) -> Any:
    """Return the object that a target names."""
    return _find(*_imported(target))


def raised(name: str, error: BaseException) -> ArgumentError:
    """Return what to say of an exception in the user's code."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return ArgumentError(
        f"{name} raised {type(error).__name__}: {error} "
        f"({Path(last.filename).name}, line {last.lineno})"
    )


def _usable(subject: Any, target: str) -> Any:
    """Return a torch ``autograd.Function`` as a function, a layer's class as a layer."""
    if not isinstance(subject, type) or not hasattr(subject, "forward"):
        return subject
    apply = getattr(subject, "apply", None)
    if callable(apply) and hasattr(subject, "backward"):
        return apply
    if isinstance(inspect.getattr_static(subject, "forward"), (staticmethod, classmethod)):
        return subject
    try:
        return subject()
    except TypeError as error:
        raise ArgumentError(
            f"{target} is a class that cannot be made without arguments ({error}); name an "
            "instance of it instead"
        ) from None


def _load(where: str) -> ModuleType:
    is_file = where.endswith(".py")
    if is_file and not Path(where).is_file():
        raise ArgumentError(f"there is no file {where}")
    sys.path.insert(0, str(Path(where).resolve().parent if is_file else Path.cwd()))
    try:
        return _from_file(Path(where)) if is_file else importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name and (where == error.name or where.startswith(f"{error.name}.")):
            raise ArgumentError(f"there is no module {where} here or installed") from None
        raise ArgumentError(f"{where} could not be imported: {error}") from error
    except Exception as error:
        raise ArgumentError(
            f"{where} could not be imported: {type(error).__name__}: {error}"
        ) from error


def _from_file(path: Path) -> ModuleType:
    # A file called random.py must not take the place of a module that is in use.
    name = f"checked_{path.stem}" if path.stem in sys.modules else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and torch look their module up while its body runs.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _find(module: ModuleType, where: str, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            names = [n for n in dir(found) if not n.startswith("_")]
            close = difflib.get_close_matches(part, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ArgumentError(f"{where} has no {name}{hint}")
        found = getattr(found, part)
    return found


def _own_claim(f: Function) -> Callable[..., Any]:
    """Return what softgrad's calculus says the backward pass of its own function is."""

    def claim(g: Any, **inputs: Any) -> dict[str, Any]:
        floating = (name for name, value in inputs.items() if np.asarray(value).dtype.kind == "f")
        names = tuple(name for name in floating if name in f.wrt)
        return dict(zip(names, softgrad.vjp(f, **inputs, wrt=names)[1](g), strict=True))

    return claim


def _claim_of(module: ModuleType, name: str) -> Callable[..., Any] | None:
    for candidate in (f"{name}_backward", f"{name}_vjp", name.replace("forward", "backward")):
        claim = getattr(module, candidate, None)
        if candidate != name and callable(claim):
            return claim
    return None
