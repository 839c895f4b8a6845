"""PyTorch: the derivative is autograd's, whatever custom Functions and modules it runs through."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad
from torch.utils import _pytree

from softgrad.check.frameworks.frame import Carried, Frame, Node, same
from softgrad.check.frameworks.numpy import in_layout
from softgrad.check.frameworks.torch_module import carried_by

__all__ = ["Torch"]

_ERROR = "torch::autograd::Error"


class Torch(Frame):
    """Torch tensors on any device."""

    name = "torch"
    mutable = True
    strided = True

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a tensor."""
        return isinstance(value, torch.Tensor)

    def is_floating(self, value: Any) -> bool:
        """Return whether ``value`` is a real floating or a complex tensor."""
        return self.is_array(value) and (value.is_floating_point() or value.is_complex())

    def dtype_name(self, value: Any) -> str:
        """Return the dtype's name."""
        return str(value.dtype).removeprefix("torch.")

    def host(self, value: Any) -> np.ndarray:
        """Return the tensor in NumPy, sparse ones dense, NumPy's missing floats as float64."""
        value = value.detach()
        value = value.to_dense() if value.layout is not torch.strided else value
        value = value.cpu().resolve_conj().resolve_neg()
        return (value if _in_numpy(value.dtype) else value.to(torch.float64)).numpy()

    def make(self, values: np.ndarray, dtype: str, beside: Any = None) -> Any:
        """Return a tensor in the dtype of that name, next to ``beside``."""
        device = "cpu" if beside is None else beside.device
        source = torch.tensor(np.ascontiguousarray(values), dtype=getattr(torch, dtype))
        return source.reshape(values.shape).to(device)

    def like(self, values: np.ndarray, reference: Any, *, wide: bool = False) -> Any:
        """Return ``values`` in the reference's dtype, device and memory order."""
        wide = wide and reference.device.type != "mps"  # which has no float64
        made = super().like(values, reference, wide=wide)
        if values.shape != tuple(reference.shape) or reference.is_contiguous():
            return made
        order = torch.preserve_format
        out = torch.empty_like(reference.detach(), dtype=made.dtype, memory_format=order)
        return out.copy_(made)

    def relayout(self, value: Any, kind: str) -> Any:
        """Return the same values in another memory layout."""
        moved = in_layout(np.arange(value.numel()).reshape(tuple(value.shape)), kind)
        storage = torch.zeros(_extent(moved) + 2 * value.numel(), dtype=value.dtype)
        strides = [step // moved.itemsize for step in moved.strides]
        offset = 2 if kind == "offset" else 0
        out = torch.as_strided(storage.to(value.device), moved.shape, strides, offset)
        with torch.no_grad():
            out.copy_(value.detach())
        return out

    def contiguous(self, value: Any) -> Any:
        """Return the array itself if it is contiguous, or a contiguous copy."""
        return value.contiguous()

    def opened(self, value: Any) -> Node | None:
        """Return a container registered with ``torch.utils._pytree``, opened."""
        if type(value) not in _pytree.SUPPORTED_NODES:
            return None
        children, tree = _pytree.tree_flatten(value, is_leaf=lambda each: each is not value)
        return Node.named(value, children, lambda new: _pytree.tree_unflatten([*new], tree))

    def carried(self, f: Any) -> Carried | None:
        """Return a module's parameters."""
        return carried_by(f)

    @contextmanager
    def frozen(self) -> Iterator[Callable[[], None]]:
        """Yield a function that restores torch's global random state, on every device.

        Meanwhile nothing is logged below errors: compiled functions tell of every new shape.
        """
        state = torch.get_rng_state()
        on_devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None

        def restore() -> None:
            torch.set_rng_state(state)
            if on_devices is not None:
                torch.cuda.set_rng_state_all(on_devices)

        quiet = logging.root.manager.disable
        logging.disable(max(quiet, logging.WARNING))
        try:
            yield restore
        finally:
            logging.disable(quiet)
            restore()

    def leaf(self, value: Any) -> Any:
        """Return a leaf of the graph that shares the tensor's memory."""
        return value.detach().requires_grad_()

    def reverse(
        self, f: Callable, xs: list[Any], *, again: bool = False
    ) -> tuple[Sequence[Any], Callable]:
        """Return the outputs and ``torch.autograd.grad``.

        With ``again`` the pullback raises where a function is declared once differentiable.
        """
        outputs = f(*xs)

        def pull(g: list[Any]) -> Sequence[Any]:
            pairs = [(out, each) for out, each in zip(outputs, g, strict=True) if out.requires_grad]
            if not pairs:
                return [None] * len(xs)
            kept, upstream = zip(*pairs, strict=True)
            found = torch.autograd.grad(kept, xs, upstream, create_graph=again, allow_unused=True)
            if again and _once(each.grad_fn for each in found if each is not None):
                raise NotImplementedError("a function is marked with @once_differentiable")
            return found

        return outputs, pull

    def forward(self, f: Callable, xs: list[Any], ts: list[Any]) -> Sequence[Any]:
        """Return forward mode's derivative along ``ts``.

        The inputs are leaves as well: what is registered for reverse mode only then raises.
        """
        with forward_ad.dual_level():
            duals = [forward_ad.make_dual(self.leaf(x), t) for x, t in zip(xs, ts, strict=True)]
            parts = [forward_ad.unpack_dual(out) for out in f(*duals)]
            return [torch.zeros_like(p.primal) if p.tangent is None else p.tangent for p in parts]

    def saved_overwritten(
        self,
        call: Callable,
        inputs: Mapping[str, Any],
        wrt: Iterable[str],
        g: list[np.ndarray],
    ) -> bool:
        """Return whether a tensor saved for the backward pass is changed, unseen, before its use.

        Told by the gradients: they differ where the tensors are handed back as they were saved.
        """
        names = list(wrt)
        with self.frozen() as restore:
            restore()
            found, _ = self.pullback(call, inputs, names, g)
            restore()
            hooks = (lambda saved: saved.detach().clone(), lambda kept: kept)
            with torch.autograd.graph.saved_tensors_hooks(*hooks):
                meant, _ = self.pullback(call, inputs, names, g)
        return any(
            a is not None and b is not None and not same(self.to_numpy(a), self.to_numpy(b))
            for a, b in zip(found.values(), meant.values(), strict=True)
        )


@lru_cache
def _in_numpy(dtype: torch.dtype) -> bool:
    try:
        torch.zeros(1, dtype=dtype).numpy()
    except TypeError:
        return False
    return True


def _once(roots: Iterable[Any]) -> bool:
    """Return whether a graph has the node that raises for a derivative declared to have none.

    Left alone, torch gives no error but zeros: the node hides what lies behind it.
    """
    nodes = [*roots]
    seen: set[Any] = set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        if node.name() == _ERROR:
            return True
        seen.add(node)
        nodes += [after for after, _ in node.next_functions]
    return False


def _extent(array: np.ndarray) -> int:
    if not array.size:
        return 0
    return 1 + sum(
        (n - 1) * s // array.itemsize for n, s in zip(array.shape, array.strides, strict=True)
    )
