"""``softgrad check``: from the command line's words to a report and an exit code."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from softgrad.check import Report
from softgrad.check import check as judge
from softgrad.check.frameworks import Frame, frame_named
from softgrad.cli.inputs import choices, convert, from_file, random
from softgrad.cli.outputs import CODES, Outputs
from softgrad.cli.progress import progress
from softgrad.cli.target import Target, raised, resolve
from softgrad.errors import ArgumentError, SoftgradError

__all__ = ["Wanted", "run_check"]

TOLD_BY_TYPE = ("numpy", "torch", "jax", "tensorflow", "tinygrad")
"""Frameworks that are known by the type of their arrays."""


@dataclass(frozen=True)
class Wanted:
    """What is to be checked, as the command line says it."""

    shape: str | None = None
    inputs: Path | None = None
    framework: str = "numpy"
    dtype: str | None = None
    wrt: str | None = None
    vjp: str | None = None
    like: str | None = None
    vary: list[str] = field(default_factory=list)
    battery: bool = True
    seed: int = 0

    @property
    def options(self) -> dict[str, Any]:
        """The options of the check; what was not said is left to it."""
        names = tuple(part.strip() for part in self.wrt.split(",")) if self.wrt else None
        given = {
            "wrt": names[0] if names and len(names) == 1 else names,
            "like": self.like,
            "vary": choices(self.vary) or None,
            "battery": None if self.battery else False,
            "framework": None if self.framework in TOLD_BY_TYPE else self.framework,
        }
        return {name: value for name, value in given.items() if value is not None}


def run_check(name: str, wanted: Wanted, outputs: Outputs) -> int:
    """Check one target, give out the report, and return 0 right, 1 wrong or 3 undecided."""
    outputs.ready()
    options = wanted.options
    frame = frame_named(wanted.framework)
    target = resolve(name, wanted.vjp)
    if wanted.inputs is None:
        drawn = random(target.forward, wanted.shape, wanted.seed)
        arrays = convert(drawn, frame, wanted.dtype or "float64")
    else:
        arrays = convert(from_file(wanted.inputs), frame, wanted.dtype)
    _require_claim(target, frame)
    report = _judge(target, arrays, wanted.seed, options)
    outputs.give(report, name, target.subject)
    return CODES[report.ok]


def _require_claim(target: Target, frame: Frame) -> None:
    if target.claim or target.is_pair or frame.differentiates:
        return
    module, _, name = target.name.rpartition(":")
    raise ArgumentError(
        f"{module} has no {name}_backward or {name}_vjp: name the backward pass with --vjp, or, if "
        f"{name} takes torch tensors or JAX arrays, choose --framework torch or jax"
    )


def _judge(target: Target, arrays: dict[str, Any], seed: int, options: dict[str, Any]) -> Report:
    try:
        with progress() as told:
            given = target.arguments(arrays)
            return judge(
                target.subject, given, vjp=target.claim, progress=told, seed=seed, **options
            )
    except SoftgradError:
        raise
    except Exception as error:
        raise raised(target.name, error) from error
