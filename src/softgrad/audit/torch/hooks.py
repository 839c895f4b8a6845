"""Hooks that a backward pass runs through, and runs without them."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.modules import module as everywhere
from torch.utils.hooks import RemovableHandle

from softgrad.audit.place import Place
from softgrad.audit.torch.tape import Call

__all__ = ["Hook", "hooks_of", "registered", "without"]

_REGISTER = "torch.Tensor.register_hook"


@dataclass(frozen=True)
class Hook:
    """A hook of the backward pass.

    Parameters
    ----------
    text
        What it is and where it hangs.
    place
        The line that registers it, or at which it is written.
    table, key
        Where it is registered; no table if the run itself registers it.
    """

    text: str
    place: Place | None
    table: MutableMapping | None = None
    key: Any = None


def hooks_of(function: Any) -> Iterator[Hook]:
    """Yield the hooks that hang on a module, its parameters, and on all modules."""
    for table in (everywhere._global_backward_hooks, everywhere._global_backward_pre_hooks):
        yield from _of(table, "on every module")
    if not isinstance(function, torch.nn.Module):
        return
    for path, module in function.named_modules():
        for table in (module._backward_hooks, module._backward_pre_hooks):
            yield from _of(table, f"on {path or 'the outermost module'}")
    for name, parameter in function.named_parameters():
        yield from _of(parameter._backward_hooks or {}, f"on {name}")


def registered(call: Call) -> Hook | None:
    """Return the hook that a call registers."""
    if call.name != _REGISTER:
        return None
    return Hook(f"the hook {_called(call.args[1])} on a tensor", call.place)


@contextmanager
def without(hooks: Iterable[Hook]) -> Iterator[Callable[[Call], Any]]:
    """Yield what makes the calls of a run without some hooks, which no table has meanwhile."""
    hooks = [*hooks]
    places = {hook.place for hook in hooks if hook.table is None}

    def make(call: Call) -> Any:
        if call.name == _REGISTER and call.place in places:
            return RemovableHandle(OrderedDict())
        return call.function(*call.args, **call.kwargs)

    with ExitStack() as kept:
        for table in {id(h.table): h.table for h in hooks if h.table is not None}.values():
            kept.callback(_refill, table, dict(table))
        for hook in hooks:
            if hook.table is not None:
                del hook.table[hook.key]
        yield make


def _refill(table: MutableMapping, before: dict) -> None:
    table.clear()
    table.update(before)


def _of(table: MutableMapping, where: str) -> Iterator[Hook]:
    for key, hook in table.items():
        code = getattr(hook, "__code__", None)
        place = code and Place(code.co_filename, code.co_firstlineno, code.co_name)
        yield Hook(f"the hook {_called(hook)} {where}", place, table, key)


def _called(hook: Any) -> str:
    return getattr(hook, "__qualname__", type(hook).__qualname__).rpartition("<locals>.")[2]
