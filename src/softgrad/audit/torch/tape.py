"""Seeing every call of torch that a run makes."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules._functions import BackwardHookFunction
from torch.overrides import TorchFunctionMode, get_testing_overrides, resolve_name
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import CheckpointFunction

from softgrad.audit.place import Place, calling
from softgrad.audit.report.words import at
from softgrad.audit.torch.seams import applied

__all__ = ["Call", "Tape", "tensors"]

_TORCH = (str(Path(torch.__file__).parent),)
_PUBLIC = {"_VariableFunctionsClass.": "torch.", "torch._C.TensorBase.": "torch.Tensor."}
_OWN = ("aten.", "prims.", "torch.ops.aten.", "torch.ops.prims.")
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
    own
        Whether it is torch's own and not the user's or another library's.
    identity
        What two calls of the same name share if they call the same thing.
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
    own: bool = True
    identity: Any = field(default=None, repr=False)
    module: str = ""
    place: Place | None = None
    within: Place | None = None
    signature: inspect.Signature | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """Where it is made, to be read after what it is."""
        return at(self.place, self.module)

    @property
    def key(self) -> tuple:
        """What makes two calls the same check: all but the values of their tensors."""
        leaves = tree_leaves((self.args, dict(self.kwargs)))
        return (self.name, self.identity, *map(_described, leaves))


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

    What happens inside a call is part of it.
    """

    def __init__(self, make: Callable[[Call], Any], module: Callable[[], str]) -> None:
        super().__init__()
        self._make, self._module, self._inside = make, module, False

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Make one call of torch's."""
        if func is torch.autograd.grad:  # about calls, and none itself
            return func(*args, **(kwargs or {}))
        return self._seen(func, args, kwargs or {}, _about)

    def _seen(self, function: Callable, args: tuple, kwargs: dict, about: Callable) -> Any:
        hidden = self._inside or torch._C._are_functorch_transforms_active()
        if hidden or not any(each.requires_grad for each in tensors(args, kwargs)):
            return function(*args, **kwargs)
        name, own, identity, signature = about(function)
        place, within = calling(_TORCH)
        where = (self._module(), place, within)
        call = Call(name, function, args, kwargs, own, identity, *where, signature)
        self._inside = True
        try:
            return self._make(call)
        finally:
            self._inside = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Return a context in which calls are seen."""
        with applied(self._applied), self:
            yield

    def _applied(self, original: Callable, cls: type, args: tuple, kwargs: dict) -> Any:
        if cls is CheckpointFunction:  # what it calls, which its own graph would hide
            function, _, *rest = args
            return function(*rest)
        function = partial(original, cls)
        if cls is BackwardHookFunction:  # a module's hook, and no call of the user's
            return function(*args, **kwargs)
        name = f"{cls.__module__}.{cls.__qualname__}"
        own = name.startswith("torch.")
        return self._seen(function, args, kwargs, lambda _: (name, own, cls, _of_function(cls)))


@lru_cache
def _signatures() -> dict[Callable, Callable]:
    return get_testing_overrides()


def _about(function: Callable) -> tuple[str, bool, Any, inspect.Signature | None]:
    """Return a call's name, whether it is torch's own, its identity, and its signature."""
    name = resolve_name(function) or getattr(function, "__qualname__", repr(function))
    for hidden, public in _PUBLIC.items():
        name = name.replace(hidden, public)
    operator = isinstance(function, (torch._ops.OpOverload, torch._ops.OpOverloadPacket))
    own = not operator or name.startswith(_OWN)
    return name, own, None, _signature(function)


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
