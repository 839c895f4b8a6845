"""Products with the Jacobian and the Hessian: vjp, jvp, hvp, linearize, value_and_grad."""

from collections.abc import Callable
from math import prod
from typing import Any

from softgrad._array import Array, namespace
from softgrad._out import placed, written
from softgrad.calculus._linear import Linear, linear
from softgrad.errors import ArgumentError, ArgumentTypeError
from softgrad.function import Function

__all__ = ["hvp", "jvp", "linearize", "value_and_grad", "vjp"]

Wrt = str | tuple[str, ...] | None


def vjp(f: Any, *args: Any, wrt: Wrt = None, **options: Any) -> tuple[Array, Callable[..., Any]]:
    """Value and pullback: g ↦ Jᵀg, the backward pass.

    Parameters
    ----------
    f
        A function of softgrad.
    *args, **options
        Its arguments.
    wrt
        The inputs to differentiate by: a name, a tuple of names, or None for the primary one.

    Returns
    -------
    y : Array
        The value.
    pullback : callable
        Takes a cotangent of the shape of ``y``; returns the gradient, or a tuple of gradients in
        the order of ``wrt``. It may be called any number of times and changes nothing; it reads the
        arguments of this call, which must not be written to in between. Given ``out=``, an array of
        the input's shape and dtype or a tuple of them, it writes there and returns that.

    Raises
    ------
    ArgumentTypeError
        ``f`` is not a function of softgrad; the message says what to use instead.
    ArgumentError
        ``wrt`` names no differentiable input; a cotangent has the wrong shape.

    Notes
    -----
    O(n) time and memory: no Jacobian is formed. *Derivative*: the structure's ``rmv``.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> p, pullback = softgrad.vjp(softgrad.softmax, np.array([1.0, 2.0, 3.0]))
    >>> pullback(np.array([1.0, 0.0, 0.0]))
    array([ 0.08192507, -0.02203304, -0.05989202])
    """
    at = linear("vjp", f, args, options, wrt)

    def pullback(cotangent: Array, *, out: Any = None) -> Any:
        return _unpacked(at, at.pull(cotangent, _rooms(at, out)))

    return at.value, pullback


def jvp(f: Any, *args: Any, tangent: Any, wrt: Wrt = None, **options: Any) -> tuple[Array, Array]:
    """Value and directional derivative: J t, forward mode.

    Parameters
    ----------
    f, *args, wrt, **options
        As :func:`vjp`.
    tangent
        The direction: an array of the input's shape, or a tuple of them in the order of ``wrt``.

    Returns
    -------
    y, dy : Array
        The value and its tangent.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`vjp`.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> y, dy = softgrad.jvp(softgrad.softmax, np.array([0.0, 0.0]), tangent=np.array([1.0, 0.0]))
    >>> dy
    array([ 0.25, -0.25])
    """
    at = linear("jvp", f, args, options, wrt)
    return at.value, at.push(_packed(at, tangent))


def linearize(
    f: Any, *args: Any, wrt: Wrt = None, **options: Any
) -> tuple[Array, Callable[[Any], Array]]:
    """Value and pushforward: t ↦ J t, to be called for many tangents at one point.

    Parameters
    ----------
    f, *args, wrt, **options
        As :func:`vjp`.

    Returns
    -------
    y : Array
        The value.
    pushforward : callable
        Takes a tangent, or a tuple of tangents in the order of ``wrt``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`vjp`.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> y, pushforward = softgrad.linearize(softgrad.sigmoid, np.array([0.0]))
    >>> pushforward(np.array([2.0]))
    array([0.5])
    """
    at = linear("linearize", f, args, options, wrt)
    return at.value, lambda tangent: at.push(_packed(at, tangent))


def hvp(
    f: Any,
    *args: Any,
    tangent: Any,
    cotangent: Array | None = None,
    wrt: Wrt = None,
    **options: Any,
) -> Any:
    """Hessian product: how the gradient Jᵀg moves along a tangent.

    Parameters
    ----------
    f, *args, wrt, **options
        As :func:`vjp`.
    tangent
        The direction: an array of the input's shape, or a tuple of them in the order of ``wrt``.
    cotangent
        g; may be left out where the value is a single number, and is 1 then.

    Returns
    -------
    Array or tuple of Array
        The Hessian of ⟨g, f⟩ applied to the tangent, in the shape of the input, or a tuple in the
        order of ``wrt``; mixed second derivatives between the inputs included.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`vjp`; also if ``cotangent`` is missing where it is needed.

    Notes
    -----
    O(n) time and memory. *Derivative*: the structure's ``bend``, and the chain rule.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> x, t = np.array([0.0, 0.0]), np.array([1.0, 0.0])
    >>> softgrad.hvp(softgrad.logsumexp, x, tangent=t)
    array([ 0.25, -0.25])
    """
    at = linear("hvp", f, args, options, wrt)
    if cotangent is None:
        cotangent = _one(at, "cotangent is needed")
    return _unpacked(at, at.bend(_packed(at, tangent), cotangent))


def value_and_grad(
    f: Any, *args: Any, wrt: Wrt = None, out: Any = None, **options: Any
) -> tuple[Array, Any]:
    """Value and gradient of a function with a single number as its value.

    Parameters
    ----------
    f, *args, wrt, **options
        As :func:`vjp`.
    out
        Where to write the gradient, as for the pullback of :func:`vjp`.

    Returns
    -------
    y : Array
        The value.
    gradient : Array or tuple of Array
        ∂y/∂input, or a tuple in the order of ``wrt``.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        As :func:`vjp`; also if the value is not a single number.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> loss, gradient = softgrad.value_and_grad(
    ...     softgrad.cross_entropy, np.array([[0.0, 0.0]]), np.array([0])
    ... )
    >>> gradient
    array([[-0.5,  0.5]])
    """
    if wrt is None and isinstance(f, Function):
        found = f.gradient_at_once(args, options, out)
        if found:
            value, gradient = found
            return value, written(out) if gradient is out else placed(gradient, out)
    at = linear("value_and_grad", f, args, options, wrt)
    seed = _one(at, "use softgrad.vjp with a cotangent")
    return at.value, _unpacked(at, at.pull(seed, _rooms(at, out)))


def _one(at: Linear, otherwise: str) -> Array:
    if prod(at.value.shape) != 1:
        raise ArgumentError(
            f"{at.function.name} returns an array of shape {tuple(at.value.shape)} here, "
            f"not a single number: {otherwise}"
        )
    return namespace(at.value).ones_like(at.value)


def _packed(at: Linear, tangent: Any) -> dict[str, Array]:
    if at.single:
        return {at.wrt[0]: tangent}
    if not isinstance(tangent, tuple) or len(tangent) != len(at.wrt):
        raise ArgumentTypeError(
            f"tangent must be a tuple of {len(at.wrt)}, one for each of {', '.join(at.wrt)}"
        )
    return dict(zip(at.wrt, tangent, strict=True))


def _rooms(at: Linear, out: Any) -> dict[str, Array] | None:
    if out is None or at.single:
        return None if out is None else {at.wrt[0]: out}
    if not isinstance(out, tuple) or len(out) != len(at.wrt):
        raise ArgumentTypeError(
            f"out must be a tuple of {len(at.wrt)}, one for each of {', '.join(at.wrt)}"
        )
    return {name: room for name, room in zip(at.wrt, out, strict=True) if room is not None}


def _unpacked(at: Linear, gradient: dict[str, Array]) -> Any:
    return gradient[at.wrt[0]] if at.single else tuple(gradient[name] for name in at.wrt)
