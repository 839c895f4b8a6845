"""``softgrad audit``: from the command line's words to a report and an exit code."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from softgrad.audit import AuditReport
from softgrad.audit import audit as judge
from softgrad.cli.outputs import CODES, Outputs
from softgrad.cli.progress import progress
from softgrad.cli.script import Script, framework_of
from softgrad.cli.target import named, raised
from softgrad.errors import ArgumentError, SoftgradError

__all__ = ["Wanted", "run_audit", "run_script"]

_FORMS = "(model, inputs) or (model, inputs, loss)"


@dataclass(frozen=True)
class Wanted:
    """How the audit is to be made, as the command line says it."""

    framework: str | None = None
    thorough: bool = False
    battery: bool = False
    seed: int = 0


def run_audit(name: str, wanted: Wanted, outputs: Outputs) -> int:
    """Audit what a factory makes, give out the report, and return 0 right, 1 wrong, 3 undecided."""
    outputs.ready()
    make = named(name)
    if not callable(make):
        kind = type(make).__name__
        raise ArgumentError(f"{name} must be a function that returns {_FORMS}; it is a {kind}")
    made = _attempted(name, make)
    if not isinstance(made, tuple) or len(made) not in (2, 3):
        raise ArgumentError(f"{name} must return {_FORMS}; it returned {_described(made)}")
    model, inputs, *loss = made
    given = inputs if isinstance(inputs, (tuple, Mapping)) else (inputs,)
    args, kwargs = ((), given) if isinstance(given, Mapping) else (given, {})
    options: dict[str, Any] = asdict(wanted) | {"loss": loss[0] if loss else None}
    return _given(name, outputs, lambda told: judge(model, *args, **kwargs, **options, **told))


def run_script(name: str, arguments: Sequence[str], wanted: Wanted, outputs: Outputs) -> int:
    """Audit a script as far as its first backward pass."""
    outputs.ready()
    if not Path(name).is_file():
        raise ArgumentError(f"there is no file {name}")
    script = Script(name, arguments)
    options: dict[str, Any] = asdict(wanted) | {"framework": wanted.framework or framework_of(name)}
    if options["framework"] == "torch":
        return _given(name, outputs, lambda told: judge(script, whole=False, **options, **told))
    if options["framework"] == "numpy":
        raise ArgumentError("--run is for torch and JAX; give layers of your own as FILE.py:make")
    from softgrad.audit.jax.script import first_gradient

    reached = _attempted(name, lambda: first_gradient(script))
    if reached is None:
        raise ArgumentError(f"{name} made no backward pass: it did not call jax.grad's functions")
    function, args, kwargs = reached
    return _given(name, outputs, lambda told: judge(function, *args, **kwargs, **options, **told))


def _given(name: str, outputs: Outputs, auditing: Any) -> int:
    def audited() -> AuditReport:
        with progress() as told:
            return auditing({"progress": told})

    report = _attempted(name, audited)
    outputs.give(report, name)
    return CODES[report.ok]


def _attempted(name: str, code: Any) -> Any:
    """Run the user's code; what it raises is told in one sentence."""
    try:
        return code()
    except SoftgradError:
        raise
    except Exception as error:
        raise raised(name, error) from error


def _described(made: Any) -> str:
    return f"a tuple of {len(made)}" if isinstance(made, tuple) else f"a {type(made).__name__}"
