"""PyTorch: the derivative is autograd's, whatever custom Functions and modules it runs through."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from softgrad.check.frameworks.numpy import in_layout

__all__ = ["Torch"]


class Torch:
    """Torch tensors on any device."""

    name = "torch"

    def is_array(self, value: Any) -> bool:
        """Return whether ``value`` is a tensor."""
        return isinstance(value, torch.Tensor)

    def is_floating(self, value: Any) -> bool:
        """Return whether ``value`` is a real floating tensor."""
        return self.is_array(value) and value.is_floating_point()

    def dtype_name(self, value: Any) -> str:
        """Return the dtype's name."""
        return str(value.dtype).removeprefix("torch.")

    def to_numpy(self, value: Any) -> np.ndarray:
        """Return a copy on the host, float64 where floating."""
        value = value.detach()
        if value.is_floating_point():
            value = value.to(torch.float64)
        return value.cpu().resolve_neg().numpy().copy()

    def like(self, values: np.ndarray, reference: Any, *, wide: bool = False) -> Any:
        """Return ``values`` in the reference's dtype, device and memory order."""
        wide = wide and reference.is_floating_point()
        dtype = torch.float64 if wide else reference.dtype
        source = torch.from_numpy(np.ascontiguousarray(values)).to(reference.device, dtype)
        source = source.reshape(values.shape)
        if values.shape != tuple(reference.shape) or reference.is_contiguous():
            return source.clone()
        out = torch.empty_like(reference.detach(), dtype=dtype, memory_format=torch.preserve_format)
        return out.copy_(source)

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

    def widened(self) -> Any:
        """Return a context that does nothing: float64 is always there."""
        return nullcontext()

    def seeded(self) -> Callable[[], None]:
        """Return a function that restores torch's global random state."""
        state = torch.get_rng_state()
        return lambda: torch.set_rng_state(state)

    def pullback(
        self,
        call: Callable,
        inputs: Mapping[str, Any],
        wrt: Iterable[str],
        g: list[np.ndarray],
    ) -> tuple[dict[str, Any], list[str]]:
        """Return autograd's gradients, ``None`` where the output does not depend on an input."""
        leaves = _leaves(inputs, wrt)
        before = {name: leaf.detach().clone() for name, leaf in leaves.items()}
        outputs, upstream = _paired(call({**inputs, **leaves}), g)
        if not outputs:
            return dict.fromkeys(leaves), []
        given = [each.clone() for each in upstream]
        found = torch.autograd.grad(outputs, list(leaves.values()), upstream, allow_unused=True)
        touched = [name for name, leaf in leaves.items() if not _same(before[name], leaf)]
        if any(not _same(a, b) for a, b in zip(given, upstream, strict=True)):
            touched.append("the upstream gradient")
        return dict(zip(leaves, found, strict=True)), touched

    def push(
        self, call: Callable, inputs: Mapping[str, Any], tangents: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Return forward mode's derivative along ``tangents``."""
        with forward_ad.dual_level():
            duals = {
                name: forward_ad.make_dual(inputs[name], self.like(t, inputs[name]))
                for name, t in tangents.items()
            }
            outputs = [out for out in call({**inputs, **duals}) if self.is_floating(out)]
            parts = [forward_ad.unpack_dual(out) for out in outputs]
            return [
                self.to_numpy(torch.zeros_like(p.primal) if p.tangent is None else p.tangent)
                for p in parts
            ]

    def second(
        self,
        call: Callable,
        inputs: Mapping[str, Any],
        g: list[np.ndarray],
        tangents: Mapping[str, np.ndarray],
    ) -> dict[str, np.ndarray]:
        """Return double backward's product with ``tangents``."""
        leaves = _leaves(inputs, tangents)
        outputs, upstream = _paired(call({**inputs, **leaves}), g)
        xs = list(leaves.values())
        firsts = torch.autograd.grad(outputs, xs, upstream, create_graph=True, allow_unused=True)
        total = sum(
            (
                (d * self.like(tangents[name], d)).sum()
                for name, d in zip(leaves, firsts, strict=True)
                if d is not None
            ),
            torch.zeros(()),
        )
        if not total.requires_grad:
            return {name: np.zeros(tuple(x.shape)) for name, x in leaves.items()}
        seconds = torch.autograd.grad(total, xs, allow_unused=True)
        return {
            name: np.zeros(tuple(x.shape)) if h is None else self.to_numpy(h)
            for (name, x), h in zip(leaves.items(), seconds, strict=True)
        }

    def saved_overwritten(
        self,
        call: Callable,
        inputs: Mapping[str, Any],
        wrt: Iterable[str],
        g: list[np.ndarray],
    ) -> bool:
        """Return whether a saved tensor changed, unseen by autograd, between save and use."""
        touched: list[bool] = []

        def pack(saved: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return saved, saved.detach().clone()

        def unpack(pair: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
            touched.append(not _same(*pair))
            return pair[0]

        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            self.pullback(call, inputs, wrt, g)
        return any(touched)


def _leaves(inputs: Mapping[str, Any], wrt: Iterable[str]) -> dict[str, Any]:
    return {name: inputs[name].detach().requires_grad_() for name in wrt}


def _paired(outputs: Iterable[Any], g: list[np.ndarray]) -> tuple[list[Any], list[Any]]:
    floating = [out for out in outputs if isinstance(out, torch.Tensor) and out.is_floating_point()]
    kept = [(out, each) for out, each in zip(floating, g, strict=True) if out.requires_grad]
    upstream = [torch.from_numpy(each.copy()).to(out.device, out.dtype) for out, each in kept]
    return [out for out, _ in kept], upstream


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.equal(a.detach().nan_to_num(), b.detach().nan_to_num())


def _extent(array: np.ndarray) -> int:
    if not array.size:
        return 0
    return 1 + sum(
        (n - 1) * s // array.itemsize for n, s in zip(array.shape, array.strides, strict=True)
    )
