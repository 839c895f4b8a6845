"""Whether the derivative of one recorded call is right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from softgrad.audit.torch.along import Along, size_of
from softgrad.audit.torch.replay import Replay, widened
from softgrad.audit.torch.seams import uncast, unpacked_plainly
from softgrad.audit.torch.tape import tensors
from softgrad.check import Report, check

__all__ = ["Judge"]

_LARGE = 2**16
_ASIDE = 0.1


@dataclass(frozen=True)
class Judge:
    """How hard calls are looked at.

    A call of torch's own, and one of many entries, is looked at once, along a random direction of
    each of its tensors, and one of many entries in its own precision; what does not look right is
    looked at in float64 and then checked in full, and so is everything else.

    Parameters
    ----------
    thorough
        Whether every call is checked in full.
    battery
        Whether calls that are not torch's own are also checked at other examples.
    seed
        Of everything random.
    """

    thorough: bool
    battery: bool
    seed: int

    def report(self, example: Replay, *, own: bool) -> Report:
        """Return the report on a call, in float64 if it takes that."""
        given = dict(example.inputs)
        devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
        with unpacked_plainly(), torch.random.fork_rng(devices):
            large = _entries(example, given) > _LARGE
            brief = (own or large) and not self.thorough
            if brief and large and (seen := self._glance(example, given, own)).ok:
                return seen
            wide = {name: widened(value) for name, value in given.items()}
            with uncast():
                if _takes(example, wide):
                    if brief and (seen := self._glance(example, wide, own)).ok:
                        return seen
                    return self._check(example, wide, own)
            return self._check(example, given, own)

    def _glance(self, example: Replay, inputs: dict[str, Any], own: bool) -> Report:
        """Look once; if there is a kink, or nothing to be seen, once more beside the example."""
        seen = _along(example, inputs, self.seed).glance(self.seed)
        if seen.ok is None and own:
            return _along(example, inputs, self.seed, aside=_ASIDE).glance(self.seed)
        return seen

    def _check(self, example: Replay, inputs: dict[str, Any], own: bool) -> Report:
        rows = self.battery and not own
        return check(example.function, inputs, wrt=example.wrt, battery=rows, seed=self.seed)


def _along(example: Replay, inputs: dict[str, Any], seed: int, aside: float = 0.0) -> Along:
    """Return a call as a function of steps of its tensors, which are moved ``aside`` first."""
    leaves, tree = tree_flatten({name: inputs[name] for name in example.wrt})
    starts = {str(k): each for k, each in enumerate(leaves) if _moves(each)}

    def evaluate(moved: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        given = [moved.get(str(k), each) for k, each in enumerate(leaves)]
        return [*example.function(**{**inputs, **tree_unflatten(given, tree)})]

    if not aside:
        return Along(starts, evaluate, seed)
    generator = torch.Generator().manual_seed(seed)
    jiggled = {name: _jiggled(each, aside, generator) for name, each in starts.items()}
    return Along(jiggled, evaluate, seed)


def _jiggled(tensor: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Return a tensor whose entries are each a little larger, also those that are 0."""
    noise = share * (0.5 + torch.rand(tensor.shape, generator=generator)).to(tensor)
    return torch.where(tensor == 0, noise * size_of(tensor), tensor * (1 + noise))


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex())


def _entries(example: Replay, inputs: Mapping[str, Any]) -> int:
    return sum(each.numel() for name in example.wrt for each in tensors(inputs[name]))


def _takes(example: Replay, inputs: Mapping[str, Any]) -> bool:
    """Return whether a call computes in float64 if it is given that."""
    try:
        with torch.no_grad():
            results = example.function(**inputs)
    except Exception:
        return False
    return all(out.dtype in (torch.float64, torch.complex128) for out in results)
