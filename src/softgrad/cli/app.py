"""The commands: what they take and which exit code they give."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from softgrad import __version__
from softgrad.cli.outputs import Outputs
from softgrad.errors import ArgumentError, MissingExtra, SoftgradError
from softgrad.explain.lessons import LESSONS

try:
    import rich  # noqa: F401
    from cyclopts import App, CycloptsError, Parameter
except ModuleNotFoundError as missing:
    raise MissingExtra("the softgrad command", missing.name or "cyclopts", "cli") from None

__all__ = ["app", "run"]

USAGE = 2
INTERRUPTED = 130
CLOSED_PIPE = 141


app = App(
    name="softgrad",
    help="The gradient of softmax: explained, demonstrated, checked, surveyed.",
    version=f"softgrad {__version__}",
    help_format="plaintext",
)


def run(argv: Sequence[str]) -> int:
    """Run one command; every expected failure is one sentence and exit code 2."""
    try:
        code = app(list(argv), exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _closed()
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # rich's answer to it
            return _closed()
        raise
    except CycloptsError as error:
        return _refuse(f"{error} Try softgrad --help.")
    except (SoftgradError, OSError) as error:
        return _refuse(str(error))
    return code if isinstance(code, int) else 0


def _closed() -> int:
    """Leave quietly: the reader, ``head`` say, has what it wants."""
    # or Python flushes into the closed pipe when it ends
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CLOSED_PIPE


def _refuse(sentence: str) -> int:
    print(f"softgrad: {' '.join(sentence.split())}", file=sys.stderr)
    return USAGE


Member = Annotated[str, Parameter(help=f"{', '.join(LESSONS)}.")]
Several = Annotated[list[str] | None, Parameter(negative="")]
Numbers = Annotated[list[float], Parameter(consume_multiple=True, negative="")]


@app.command
def explain(
    x: Numbers,
    /,
    *,
    upstream: Numbers | None = None,
    member: Member = "softmax",
    temperature: float = 1.0,
) -> int:
    """Show the Jacobian and the backward pass of one row, with its own numbers.

    For example: softgrad explain 1 2 3 --upstream 1 0 0

    Parameters
    ----------
    x
        The row: two or more numbers, negative ones included.
    upstream
        The gradient of the loss for each output; by default 1 for the first, 0 for the others.
    member
        One of the functions that take a row to a row.
    temperature
        Divide the row by this first.
    """
    from softgrad.explain import explain as compute
    from softgrad.explain import show

    show(compute(x, upstream, member=member, temperature=temperature))
    return 0


@app.command
def demo(*, epochs: int = 20, seed: int = 0, output: Path = Path("demo.png")) -> int:
    """Train a digit classifier with the right backward pass and with five wrong ones.

    Takes some ten seconds, prints what each bug did and what the checker calls it, and saves
    the curves.

    Parameters
    ----------
    epochs
        How often each network sees every training image.
    seed
        The seed of the first of the runs.
    output
        Where to save the plot.
    """
    from softgrad.demo import demo as play

    play(epochs=epochs, seed=seed, output=output)
    return 0


@app.command
def check(
    target: str,
    /,
    *,
    like: str | None = None,
    shape: str | None = None,
    inputs: Path | None = None,
    wrt: str | None = None,
    vjp: str | None = None,
    framework: str = "numpy",
    vary: Annotated[list[str] | None, Parameter(negative="")] = None,
    battery: bool = True,
    seed: int = 0,
    dtype: Literal["float16", "bfloat16", "float32", "float64"] | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    html: Path | None = None,
    sarif: Path | None = None,
    snippet: Path | None = None,
) -> int:
    """Say whether a gradient is right, and what is wrong with it if it is not.

    Exit code: 0 right, 1 wrong, 2 bad usage, 3 undecided. For example:
    softgrad check mylib/ops.py:softmax --like softmax

    Parameters
    ----------
    target
        module:function or path/file.py:function; or an object with forward and backward.
    like
        The member of the family that the function is meant to be, such as softmax.
    shape
        The shape of a random input, such as 4,10 (which is the default).
    inputs
        An .npz file with the function's arguments by name, in place of a random input.
    wrt
        The arguments to differentiate, separated by commas; by default the floating ones.
    vjp
        The name of the backward pass in the same module; by default function_backward or
        function_vjp. It gets the upstream gradient and then the function's arguments; a parameter
        named y gets the function's output.
    framework
        What the function takes: numpy, torch, jax, tensorflow, tinygrad or autograd. A function
        without a backward pass of its own is differentiated by the framework.
    vary
        Values of a parameter to try as well, such as axis=0,1; may be given several times.
    battery
        Whether to check other values, sizes and memory layouts as well.
    seed
        The seed of the random input and of the check.
    dtype
        The dtype of the floating inputs; float64 for a random input.
    json
        Print the report as JSON.
    html
        Where to write the report as a page.
    sarif
        Where to write the report as a SARIF log.
    snippet
        Where to write a program that shows a wrong gradient without softgrad.
    """
    from softgrad.cli.check import Wanted, run_check

    if inputs is not None and shape is not None:
        raise ArgumentError("give --shape or --inputs, not both")
    return run_check(
        target,
        Wanted(shape, inputs, framework, dtype, wrt, vjp, like, vary or [], battery, seed),
        Outputs(json, html, sarif, snippet),
    )


@app.command
def audit(
    target: str,
    /,
    *arguments: str,
    run: Annotated[bool, Parameter(negative="")] = False,
    framework: Literal["torch", "jax", "numpy"] | None = None,
    thorough: Annotated[bool, Parameter(negative="")] = False,
    battery: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
    json: Annotated[bool, Parameter(negative="")] = False,
    html: Path | None = None,
    sarif: Path | None = None,
) -> int:
    """Check every differentiable call of a model, and name the one with the wrong gradient.

    Exit code: 0 right, 1 wrong, 2 bad usage, 3 undecided. For example:
    softgrad audit train.py:make, or softgrad audit --run train.py -- --epochs 1

    Parameters
    ----------
    target
        module:function or path/file.py:function that returns (model, inputs) or (model, inputs,
        loss); inputs are a tuple, a dict by name, or one. With --run, a script.
    arguments
        What the script is run with, after --.
    run
        Run the script as far as its first backward pass, and audit that.
    framework
        torch, jax or numpy, where neither the model nor its inputs, nor what the script imports,
        tells.
    thorough
        Check every call in full, those that are alike and the framework's own too.
    battery
        Check calls that are not the framework's own with other sizes and values as well.
    seed
        The seed of the audit's random directions.
    json
        Print the report as JSON.
    html
        Where to write the report as a page.
    sarif
        Where to write the report as a SARIF log.
    """
    from softgrad.cli.audit import Wanted, run_audit, run_script

    if arguments and not run:
        raise ArgumentError(f"only a script takes arguments: give --run; got {arguments[0]!r}")
    wanted = Wanted(framework, thorough, battery, seed)
    outputs = Outputs(json, html, sarif)
    return (
        run_script(target, arguments, wanted, outputs)
        if run
        else run_audit(target, wanted, outputs)
    )


@app.command
def survey(
    *,
    library: Several = None,
    member: Several = None,
    dtype: Several = None,
    options: bool = True,
    json: Annotated[bool, Parameter(negative="")] = False,
    html: Path | None = None,
) -> int:
    """Compare installed libraries' functions of the softmax family with the truth.

    Exit code: 0 everything conforms, 1 something fails, 2 bad usage. For example:
    softgrad survey --library torch --member softmax --dtype float32

    Parameters
    ----------
    library
        A library, such as torch; may be given several times. By default all that are installed.
    member
        A member of the family, such as softmax; may be given several times.
    dtype
        float64, float32, bfloat16 or float16; may be given several times.
    options
        Whether to try the libraries' options as well, such as weights and masks.
    json
        Print the report as JSON.
    html
        Where to write the report as a page.
    """
    from softgrad.cli.survey import run_survey

    return run_survey(library, member, dtype, options=options, json=json, html=html)
