"""What torch's function mode does not see: custom Functions, compiled code, the backward pass."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from types import FunctionType
from typing import Any

import torch

__all__ = ["Reached", "applied", "reaching", "unpacked_plainly", "uncast", "uncompiled"]


class Reached(BaseException):
    """The run has come to its backward pass.

    Parameters
    ----------
    tensors, upstream
        What it starts from.
    """

    def __init__(self, tensors: Any, upstream: Any) -> None:
        super().__init__()
        self.tensors = [tensors] if isinstance(tensors, torch.Tensor) else [*tensors]
        given = [upstream] if upstream is None or isinstance(upstream, torch.Tensor) else upstream
        self.upstream = [*given] + [None] * (len(self.tensors) - len(given))


@contextmanager
def reaching() -> Iterator[None]:
    """Return a context in which a backward pass raises :class:`Reached` instead."""
    original = torch.autograd.backward

    def stop(tensors: Any, grad_tensors: Any = None, *_: Any, **__: Any) -> None:
        raise Reached(tensors, grad_tensors)

    torch.autograd.backward = stop
    try:
        yield
    finally:
        torch.autograd.backward = original


@contextmanager
def applied(make: Callable[[Callable, type, tuple, dict], Any]) -> Iterator[None]:
    """Return a context in which ``make`` makes every call of a custom Function.

    ``softmax = Softmax.apply``, written when a module is imported, keeps the method for good:
    hence the method stays and its code is exchanged.
    """
    method = torch.autograd.Function.__dict__["apply"].__func__
    code, defaults = method.__code__, method.__kwdefaults__
    name = method.__name__
    original = FunctionType(code, method.__globals__, name, method.__defaults__, method.__closure__)
    original.__kwdefaults__ = defaults
    method.__code__ = _handed_on(method.__closure__).__code__
    method.__kwdefaults__ = {"_make": make, "_original": original}
    try:
        yield
    finally:
        method.__code__, method.__kwdefaults__ = code, defaults


def _handed_on(cell: Any) -> Callable:
    """Return a method that hands its call on, and closes over one cell as the one it replaces."""

    def apply(cls: type, *args: Any, _make: Any, _original: Any, **kwargs: Any) -> Any:
        _ = cell
        return _make(_original, cls, args, kwargs)

    return apply


def uncompiled() -> Any:
    """Return a context in which what was compiled runs as it was written."""
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    return torch.compiler.set_stance("force_eager")


def unpacked_plainly() -> Any:
    """Return a context in which no hook of the run's, as a checkpoint's, packs saved tensors."""
    if torch._C._autograd._top_saved_tensors_default_hooks(True) is None:
        return nullcontext()
    return torch.autograd.graph.saved_tensors_hooks(lambda saved: saved, lambda kept: kept)


@contextmanager
def uncast() -> Iterator[None]:
    """Return a context in which nothing is cast automatically, whatever the run switches on."""
    autocast = torch.amp.autocast_mode.autocast
    original = autocast.__enter__

    def enter(self: Any) -> Any:
        asked, self._enabled = self._enabled, False
        try:
            return original(self)
        finally:
            self._enabled = asked

    autocast.__enter__ = enter  # type: ignore[method-assign]
    try:
        with ExitStack() as off:
            for device in ("cpu", "cuda"):
                if torch.is_autocast_enabled(device):
                    off.enter_context(torch.autocast(device, enabled=False))
            yield
    finally:
        autocast.__enter__ = original  # type: ignore[method-assign]
