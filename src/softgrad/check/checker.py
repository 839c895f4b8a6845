"""The check, as it is called; what it does is imported when it is."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from softgrad.check.report.report import Report

__all__ = ["check"]


def check(
    f: Any,
    inputs: Any,
    *,
    wrt: str | tuple[str, ...] | None = None,
    vjp: Callable | None = None,
    jvp: Callable | None = None,
    grad: Callable | None = None,
    jacobian: Callable | None = None,
    like: Any = None,
    framework: str | None = None,
    vary: Mapping[str, Iterable[Any]] | None = None,
    battery: bool | Collection[str] = True,
    progress: Callable[[int, int | None, str], None] | None = None,
    seed: int = 0,
) -> Report:
    """Tell whether a derivative is right, where it is wrong, and what the bug is called.

    The function is measured along random directions by finite differences that carry their own
    error bar; the claimed derivative is wrong where it lies outside. There is no tolerance.

    Parameters
    ----------
    f
        A function of arrays; an object with ``forward`` and ``backward``, which is copied, and
        whose parameters are checked where ``backward`` stores their gradients (``dW``, ``W_grad``,
        ``grads["W"]``, ...); a ``torch.nn.Module``, whose parameters are checked with its inputs; a
        ``torch.autograd.Function``; a callable JAX pytree.
    inputs
        The example: a tuple of positional arguments or a dict by name. Arguments may be containers
        of arrays, the leaves of which are named by the Python expression that reaches them:
        ``params['w']``, ``params.w``, ``layers[0].weight``.
    wrt
        Names of the differentiable inputs, leaves or parameters, or of what contains them; by
        default every floating array, or the first argument where the claim returns a single array.
    vjp
        The claim: ``vjp(g, *inputs)`` returns the gradients, as an array, a tuple or a dict by
        name; that of a container is built like the container. A parameter of it called ``y`` (or
        ``out``, ``output``, ``probs``, ...) that is no input receives the output of ``f``.
    jvp
        The claim, in forward mode: ``jvp(t, *inputs)`` returns the change of the output.
    grad
        The claim, for a scalar f: ``grad(*inputs)``.
    jacobian
        The claim: ``jacobian(*inputs)``, of shape output + input. With no claim, the
        array library's own differentiation is checked.
    framework
        The array library whose derivative is checked, where the arrays' type does not tell:
        ``"autograd"`` for one. NumPy arrays become arrays of it. By default the arrays' library.
    like
        Name of the member of the family that f is meant to be, such as ``"softmax"``.
    vary
        Other values of parameters to check f with, such as ``{"reduction": ["mean", "sum"],
        "axis": [0, 1]}``, besides those that hints and defaults of f tell.
    battery
        Whether f is also checked at examples made from this one: other values, parameters, sizes
        and memory layouts. The names of some rows of the battery try these only.
    progress
        Called before each row of the battery with its number, their count and its name.
    seed
        Seed of the random directions; the same seed gives the same report.

    Returns
    -------
    Report
        ``ok`` is ``True``, ``False`` or ``None`` (undecided).

    Raises
    ------
    ArgumentError, ArgumentTypeError, MissingExtra
        For a misuse of ``check`` itself. What the checked code raises is told in the report.

    Examples
    --------
    >>> import numpy as np
    >>> from softgrad.check import check
    >>> def softmax(x):
    ...     e = np.exp(x - x.max(-1, keepdims=True))
    ...     return e / e.sum(-1, keepdims=True)
    >>> def backward(g, y, x):
    ...     return g * y * (1 - y)
    >>> x = np.random.default_rng(0).normal(size=(2, 5))
    >>> check(softmax, (x,), vjp=backward).bug
    'diagonal_only'

    A derivative that is wrong only elsewhere is found as well, and the report says where:

    >>> def unshifted(g, x):
    ...     e = np.exp(x)
    ...     p = e / e.sum(-1, keepdims=True)
    ...     return p * (g - (g * p).sum(-1, keepdims=True))
    >>> check(softmax, (x,), vjp=unshifted).trigger
    'entries of x exceed 710'
    >>> check(softmax, (x,), vjp=unshifted, battery=False).ok
    True
    """
    from softgrad.check.checking import checked  # half of the package, for those who check

    claims = {"vjp": vjp, "jvp": jvp, "grad": grad, "jacobian": jacobian}
    return checked(
        f,
        inputs,
        claims,
        wrt=wrt,
        like=like,
        framework=framework,
        vary=vary,
        battery=battery,
        progress=progress,
        seed=seed,
    )
