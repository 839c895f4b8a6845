"""A torch module as a function of its parameters."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import torch
from torch.func import functional_call

from softgrad.check.frameworks.frame import Carried
from softgrad.errors import ArgumentError

__all__ = ["carried_by"]


def carried_by(f: Any) -> Carried | None:
    """Return a module's parameters; those that require a gradient are differentiated.

    The module runs as a copy, on copies of its buffers and of the parameters that are not given, so
    nothing it changes (a batch norm's statistics) is seen by the next evaluation or by its owner.
    """
    if not isinstance(f, torch.nn.Module) or isinstance(f, torch.jit.ScriptModule):
        return None
    parameters = dict(f.named_parameters())
    lazy = [n for n, p in parameters.items() if isinstance(p, torch.nn.UninitializedParameter)]
    if lazy:
        raise ArgumentError(
            f"f has parameters without a shape yet ({', '.join(lazy)}): call it once on an example"
        )
    module, hooks = _copied(f), {name: _hooks(p) for name, p in parameters.items()}

    def bound(given: Mapping[str, Any]) -> Callable:
        def call(*args: Any, **kwargs: Any) -> Any:
            replaced = {name: _hooked(each, hooks[name]) for name, each in given.items()}
            for name, each in replaced.items():  # as no example lays a module's parameters out
                replaced[name] = each.contiguous() if parameters[name].is_contiguous() else each
            rest = {**parameters, **dict(f.named_buffers())}
            handed = (*given.values(), *args, *kwargs.values())
            wide = any(getattr(each, "dtype", None) == torch.float64 for each in handed)
            for name in rest.keys() - given.keys():
                replaced[name] = _fresh(rest[name], wide)
            return functional_call(module, replaced, args, kwargs)

        return call

    tied = {_parametrized(name) for name, _ in f.named_buffers()} - {None}
    trained = tuple(
        name
        for name, p in parameters.items()
        if p.requires_grad and _parametrized(name) not in tied
    )
    return Carried(f.forward, parameters, trained, bound)


def _parametrized(name: str) -> str | None:
    """Return which parametrized tensor a tensor belongs to.

    One that keeps a buffer in step with its parameter, as a spectral norm does, has the right
    gradient only there, so its parameter cannot be moved by itself.
    """
    head, middle, tail = name.rpartition("parametrizations.")
    return head + middle + tail.partition(".")[0] if middle else None


def _copied(module: torch.nn.Module) -> torch.nn.Module:
    try:
        return deepcopy(module)
    except Exception:  # whatever else it holds: a tensor inside a graph, a lock, a file
        return module


def _fresh(tensor: torch.Tensor, wide: bool) -> torch.Tensor:
    tensor = tensor.detach()
    return tensor.double() if wide and tensor.dtype == torch.float32 else tensor.clone()


def _hooks(parameter: torch.Tensor) -> list[Callable]:
    return list((parameter._backward_hooks or {}).values())


def _hooked(tensor: torch.Tensor, hooks: list[Callable]) -> torch.Tensor:
    """Return the tensor with the gradient hooks of the parameter it stands for."""
    for hook in hooks:
        if tensor.requires_grad:
            tensor = tensor.view_as(tensor)
            tensor.register_hook(hook)
    return tensor
