"""Which module is running."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules import module as hooks

__all__ = ["Modules"]


class Modules:
    """The paths of the modules whose ``forward`` is running, the innermost last."""

    def __init__(self, root: Any) -> None:
        named = root.named_modules() if isinstance(root, torch.nn.Module) else ()
        self._paths = {id(module): path for path, module in named}
        self._running: list[str] = []

    @property
    def path(self) -> str:
        """The path of the innermost one."""
        return self._running[-1] if self._running else ""

    def named(self, module: torch.nn.Module) -> str:
        """Return a module's path; one that the root does not hold has its class."""
        return self._paths.get(id(module), type(module).__name__)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Return a context in which modules are followed."""

        def enter(module: torch.nn.Module, _: Any) -> None:
            self._running.append(self.named(module))

        def leave(module: torch.nn.Module, _: Any, __: Any) -> None:
            if self._running:  # but for the module that ran already
                self._running.pop()

        handles = (
            hooks.register_module_forward_pre_hook(enter),
            hooks.register_module_forward_hook(leave, always_call=True),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self._running.clear()
