"""``softgrad check``: from the command line's words to a report and an exit code."""

import json as encoder
import sys
import traceback
from pathlib import Path
from typing import Any

from rich.console import Console

from softgrad.check import Report
from softgrad.check import check as judge
from softgrad.cli.inputs import Framework, convert, from_file, random
from softgrad.cli.target import Target, resolve
from softgrad.errors import ArgumentError, SoftgradError

__all__ = ["run_check"]

CODES = {True: 0, False: 1, None: 3}


def run_check(
    name: str,
    *,
    like: str | None,
    shape: str | None,
    inputs: Path | None,
    wrt: str | None,
    vjp: str | None,
    framework: Framework,
    seed: int,
    dtype: str | None,
    json: bool,
) -> int:
    """Check one target, print the report, and return 0 right, 1 wrong or 3 undecided."""
    target = resolve(name, vjp)
    if inputs is not None and shape is not None:
        raise ArgumentError("give --shape or --inputs, not both")
    if inputs is None:
        arrays = convert(random(target.forward, shape, seed), framework, dtype or "float64")
    else:
        arrays = convert(from_file(inputs), framework, dtype)
    _require_claim(target, framework)
    report = _judge(target, arrays, wrt, like, seed)
    if json:
        print(encoder.dumps({"target": name, **report.to_dict()}, ensure_ascii=False))
    elif sys.stdout.isatty():
        Console(highlight=False).print(report)
    else:
        print(report)
    return CODES[report.ok]


def _require_claim(target: Target, framework: Framework) -> None:
    if target.claim or target.is_pair or framework != "numpy":
        return
    module, _, name = target.name.rpartition(":")
    raise ArgumentError(
        f"{module} has no {name}_backward or {name}_vjp: name the backward pass with --vjp, or, if "
        f"{name} takes torch tensors or JAX arrays, choose --framework torch or jax"
    )


def _judge(
    target: Target, arrays: dict[str, Any], wrt: str | None, like: str | None, seed: int
) -> Report:
    names = tuple(part.strip() for part in wrt.split(",")) if wrt else None
    chosen = names[0] if names and len(names) == 1 else names
    try:
        return judge(target.subject, arrays, wrt=chosen, vjp=target.claim, like=like, seed=seed)
    except SoftgradError:
        raise
    except Exception as error:
        last = traceback.extract_tb(sys.exc_info()[2])[-1]
        raise ArgumentError(
            f"{target.name} raised {type(error).__name__}: {error} "
            f"({Path(last.filename).name}, line {last.lineno})"
        ) from error
