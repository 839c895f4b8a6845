"""Seeing every call of torch that a run makes."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, get_testing_overrides, resolve_name
from torch.utils._pytree import tree_leaves

from softgrad.audit.place import Place, calling

__all__ = ["Call", "Tape", "tensors"]

_TORCH = (str(Path(torch.__file__).parent),)
_PLAIN = (int, float, str, bool, complex, bytes, type(None), torch.dtype, torch.device, slice)


@dataclass(frozen=True, eq=False)
class Call:
    """One call, as it is about to be made.

    Parameters
    ----------
    name
        What is called, as it is imported.
    function
        Makes the call.
    args, kwargs
        Its arguments.
    module
        The path of the module whose ``forward`` makes it, ``""`` for the outermost.
    place
        The user's line.
    within
        The line of an installed package that the user's line led to.
    signature
        What its arguments are called.
    """

    name: str
    function: Callable
    args: tuple
    kwargs: Mapping[str, Any]
    module: str = ""
    place: Place | None = None
    within: Place | None = None
    signature: inspect.Signature | None = field(default=None, repr=False)

    @property
    def own(self) -> bool:
        """Whether the call is torch's own and not the user's or another library's."""
        return self.name.startswith("torch.")

    @property
    def key(self) -> tuple:
        """What makes two calls the same check: all but the values of their tensors."""
        leaves = tree_leaves((self.args, dict(self.kwargs)))
        return (self.name, *map(_described, leaves))


def tensors(*values: Any) -> list[torch.Tensor]:
    """Return the floating and complex tensors in containers."""
    return [
        leaf
        for leaf in tree_leaves(values)
        if isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex())
    ]


def _described(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        strided = leaf.layout is torch.strided
        layout = leaf.stride() if strided else leaf.layout
        return (tuple(leaf.shape), leaf.dtype, layout, leaf.device, leaf.requires_grad)
    return repr(leaf) if isinstance(leaf, _PLAIN) else (type(leaf), id(leaf))


class Tape(TorchFunctionMode):
    """Hands every call with a tensor that requires a gradient to ``make``, which makes it.

    PyTorch's function mode does not see ``autograd.Function.apply``; it is replaced meanwhile.
    What happens inside a call is part of it.
    """

    def __init__(self, make: Callable[[Call], Any], module: Callable[[], str]) -> None:
        super().__init__()
        self._make, self._module, self._inside = make, module, False

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Make one call of torch's."""
        return self._seen(func, args, kwargs or {}, lambda: (_name(func), _signature(func)))

    def _seen(self, function: Callable, args: tuple, kwargs: dict, about: Callable) -> Any:
        if self._inside or not any(each.requires_grad for each in tensors(args, kwargs)):
            return function(*args, **kwargs)
        name, signature = about()
        place, within = calling(_TORCH)
        call = Call(name, function, args, kwargs, self._module(), place, within, signature)
        self._inside = True
        try:
            return self._make(call)
        finally:
            self._inside = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Return a context in which calls are seen."""
        tape, base = self, torch.autograd.Function
        original = base.__dict__["apply"]

        def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
            function = original.__get__(None, cls)
            name = f"{cls.__module__}.{cls.__qualname__}"
            return tape._seen(function, args, kwargs, lambda: (name, _of_function(cls)))

        base.apply = classmethod(apply)  # type: ignore[method-assign,assignment]
        try:
            with self:
                yield
        finally:
            base.apply = original  # type: ignore[method-assign]


@lru_cache
def _signatures() -> dict[Callable, Callable]:
    return get_testing_overrides()


def _name(function: Callable) -> str:
    return resolve_name(function) or getattr(function, "__qualname__", repr(function))


def _signature(function: Callable) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        stated = _signatures().get(function)
        return None if stated is None else inspect.signature(stated)


def _of_function(cls: Any) -> inspect.Signature | None:
    try:
        signature = inspect.signature(cls.forward)
    except (TypeError, ValueError):
        return None
    parameters = [*signature.parameters.values()]
    with_context = cls.setup_context is torch.autograd.Function.setup_context
    return signature.replace(parameters=parameters[with_context:])
