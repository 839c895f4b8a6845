"""A public function of the family: its signature, its record, and its call in any array library."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

from softgrad import native
from softgrad._array import (
    Array,
    as_array,
    constant_like,
    dtype_name,
    in_library_of,
    is_array,
    is_floating,
    namespace,
    readable,
    working_dtype,
)
from softgrad._out import OUT, placed, wants, written
from softgrad.backends.select import compiling, solver_for
from softgrad.backends.whole import Calls
from softgrad.declare import Domain, Law, Leaf, Node, Numerics
from softgrad.declare.graph import evaluate
from softgrad.declare.registry import declared, register
from softgrad.errors import ArgumentError, ArgumentTypeError

__all__ = ["Call", "Function", "Fused", "declare", "functions"]

Fused = Callable[..., "tuple[Array, Array | None] | None"]
"""``fused(gradient=bool, out=array or None, **arguments)`` -> (value, gradient or None), or None;
the gradient may be in ``out``."""

RESULT = inspect.Parameter(
    "out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Array | None"
)
"""Where every function may write its result."""

P = ParamSpec("P")
R = TypeVar("R")


def functions() -> Mapping[str, "Function"]:
    """Return every declared function by name."""
    return declared()


@dataclass(frozen=True)
class Call:
    """A function applied to arguments: a graph of members over the differentiable inputs.

    Parameters
    ----------
    root
        The graph, or the input itself where nothing is applied.
    inputs
        The differentiable inputs as the caller gave them, the primary one first.
    """

    root: Node | Leaf
    inputs: dict[str, Array]

    @property
    def primary(self) -> Array:
        """The input that decides library and dtype."""
        return next(iter(self.inputs.values()))

    def like_input(self, y: Array) -> Array:
        """Return ``y`` as an array in the dtype of the primary input."""
        y = np.asarray(y) if isinstance(y, np.generic) else y
        return namespace(y).astype(y, self.primary.dtype, copy=False)


class Function(Generic[P, R]):
    """A differentiable function of the softmax family.

    Call it with NumPy, torch or JAX arrays, differentiate it with the frameworks' own tools, or
    hand it to :func:`softgrad.vjp`, :func:`softgrad.jvp`, :func:`softgrad.jacobian`, ...
    Made by :func:`declare`.
    """

    def __init__(self, build: Callable[P, R], record: Mapping[str, Any], options: Callable) -> None:
        self.name: str = build.__name__
        self.wrt: tuple[str, ...] = record["wrt"]
        self.arrays: tuple[str, ...] = record["arrays"]
        self.domain: Domain = record["domain"]
        self.laws: tuple[Law, ...] = record["laws"]
        self.numerics: Numerics = record["numerics"]
        self.references: tuple[str, ...] = record["references"]
        self.fused: Fused | None = record["fused"]
        self._build: Callable[..., Any] = build
        update_wrapper(self, build)
        bound = _expanded(inspect.signature(build), inspect.signature(options))
        self.parameters: Mapping[str, inspect.Parameter] = bound.parameters
        self.__signature__ = bound.replace(parameters=[*self.parameters.values(), RESULT])
        self.__doc__ = _described(build.__doc__)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the function's value."""
        if native.AVAILABLE and args and readable(args[0]):
            if len(args) == 1 and not kwargs:
                y = self._calls.kernel(args[0], None)
            else:
                y = self._at_once(args[0], args[1:], kwargs)
            if y is not None:
                return y
        out = kwargs.pop("out", None)
        if compiling():
            from softgrad.backends.torch import opaque

            return placed(opaque(self.name, args, kwargs), out)
        return placed(self.run(args, kwargs), out)

    def _at_once(self, x: Array, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        """Return the value if a kernel is the whole call and takes the arrays as they lie."""
        out = kwargs.get("out")
        if out is not None:
            kwargs = {name: value for name, value in kwargs.items() if name != "out"}
        whole = self._calls(x.ndim, args, kwargs) if wants(out) else None
        y = whole and whole.kernel(x, out)
        return y if out is None or y is None else written(out)

    @cached_property
    def _calls(self) -> Calls:
        """The calls that one member is the whole of."""
        return Calls(lambda args, kwargs: self._traced(args, kwargs, ()).root)

    def run(self, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        """Return the value for arguments that were collected already."""
        if self.fused and (found := self.fused(gradient=False, **self._filled(args, kwargs))):
            return found[0]
        call = self.trace(args, kwargs)
        solve = solver_for(call.primary, value_only=True)
        return call.like_input(evaluate(call.root, solve))

    def forget(self) -> None:
        """Trace the next call anew, for those who changed what the function is made of."""
        vars(self).pop("_calls", None)

    def __reduce__(self) -> str:
        return self.name  # pickled and copied by reference, as plain functions are

    def __repr__(self) -> str:
        return f"<softgrad.{self.name}{self.__signature__}>"

    def trace(self, args: tuple, kwargs: Mapping[str, Any], wanted: tuple[str, ...] = ()) -> Call:
        """Check the arguments and return the call as a graph.

        ``wanted`` names inputs that must be part of the graph even at a value that would leave
        them out, such as a temperature of 1.
        """
        if args and wanted in ((), self.wrt[:1]) and _is_ready(args[0]):
            x = args[0]
            whole = self._calls(x.ndim, args[1:], kwargs)
            if whole:
                (name,) = whole.member.inputs
                inputs: dict[str, Node | Leaf] = {name: Leaf(self.wrt[0], x)}
                root = Node(whole.member, inputs, whole.axis, constants=dict(whole.constants))
                return Call(root, {self.wrt[0]: x})
        return self._traced(args, kwargs, wanted)

    def _traced(self, args: tuple, kwargs: Mapping[str, Any], wanted: tuple[str, ...]) -> Call:
        bound = self._bind(args, kwargs)
        given = self._inputs(bound, wanted)
        call_array = given[self.wrt[0]]
        dtype = working_dtype(*given.values())
        xp = namespace(call_array)
        for name, array in given.items():
            bound[name] = Leaf(name, xp.astype(array, dtype, copy=False))
        return Call(self._build(**bound), given)

    def gradient_at_once(
        self, args: tuple, kwargs: Mapping[str, Any], out: Array | None = None
    ) -> Any:
        """Return value and gradient by the primary input, or None where that needs the graph.

        The gradient may be in ``out``, if a kernel can write there.
        """
        if not self.fused:
            return None
        return self.fused(gradient=True, out=out, **self._filled(args, kwargs))

    def _filled(self, args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        return self._defaults | self._bind(args, kwargs)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        return {name: p.default for name, p in self.parameters.items()}

    @cached_property
    def _positional(self) -> tuple[str, ...]:
        parameters = self.parameters.items()
        return tuple(n for n, p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)

    @cached_property
    def _needed(self) -> frozenset[str]:
        return frozenset(n for n, p in self.parameters.items() if p.default is p.empty)

    def _bind(self, args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        positional = self._positional
        if len(args) > len(positional):
            raise ArgumentTypeError(
                f"{self.name} takes {', '.join(positional)} by position; got {len(args)} arguments"
            )
        bound = dict(zip(positional, args, strict=False))
        for name in kwargs:
            if name in bound:
                raise ArgumentTypeError(f"{self.name} got {name} twice")
            if name not in self.parameters:
                allowed = ", ".join(self.parameters)
                raise ArgumentTypeError(f"{self.name} has no argument {name!r}; it takes {allowed}")
        bound.update(kwargs)
        for name in self._needed.difference(bound):
            raise ArgumentTypeError(f"{self.name} needs the argument {name}")
        return bound

    def _inputs(self, bound: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, Array]:
        primary, *others = self.wrt
        x = as_array(primary, bound[primary])
        if not is_floating(x):
            raise ArgumentTypeError(
                f"{primary} must be floating (float16, bfloat16, float32 or float64); "
                f"got {dtype_name(x)}: convert it first, for example to float32"
            )
        for name in (*others, *self.arrays):
            value = bound.get(name)
            if value is None:
                continue
            if is_array(value) or isinstance(value, (list, tuple, np.generic)):
                bound[name] = in_library_of(x, name, value)
                if name in self.arrays and getattr(value, "requires_grad", False):
                    raise ArgumentError(
                        f"{name} requires grad, but {self.name} has no derivative by it: detach it"
                    )
        given = {primary: x}
        for name in others:
            value = bound.get(name, self.parameters[name].default)
            if name in wanted and isinstance(value, (int, float)):
                value = constant_like(float(value), x)
            if is_array(value) and is_floating(value):
                given[name] = value
        for name in wanted:
            if name not in given:
                raise ArgumentError(
                    f"wrt names {name!r}, which is not a floating array in this call; "
                    f"differentiable here: {', '.join(given)}"
                )
        return given


def _is_ready(x: Any) -> bool:
    """Tell whether ``x`` is an array with entries, in a dtype that is computed in as it is."""
    if isinstance(x, np.ndarray) and type(x) is not np.ndarray:
        return False
    return is_array(x) and dtype_name(x) in ("float32", "float64") and 0 not in x.shape


def _described(text: str | None) -> str | None:
    """Return a docstring with an entry for ``out`` after those of the other parameters."""
    before, returns, after = inspect.cleandoc(text or "").partition("\n\nReturns\n")
    return f"{before}\n{OUT}{returns}{after}" if returns else text


def _expanded(signature: inspect.Signature, options: inspect.Signature) -> inspect.Signature:
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    shared = [p for p in options.parameters.values() if p.kind is p.KEYWORD_ONLY]
    return signature.replace(parameters=[*own, *shared])


def declare(
    *,
    options: Callable,
    wrt: tuple[str, ...],
    domain: Domain,
    numerics: Numerics,
    arrays: tuple[str, ...] = (),
    laws: tuple[Law, ...] = (),
    references: tuple[str, ...] = (),
    fused: "Fused | None" = None,
) -> Callable[[Callable[P, R]], Function[P, R]]:
    """Declare a public function; the decorated body builds its graph of members.

    Parameters
    ----------
    options
        A function whose keyword-only parameters replace the body's ``**`` parameter.
    wrt
        The differentiable arguments, the primary one first; the body receives them as leaves.
    domain, numerics, laws, references
        The record that documents and tests read.
    arrays
        Array arguments that are not differentiable.
    fused
        Computes the value, and the gradient by the primary input, without the graph where it can.
    """
    record = {
        "wrt": wrt,
        "arrays": arrays,
        "domain": domain,
        "laws": laws,
        "numerics": numerics,
        "references": references,
        "fused": fused,
    }

    def decorate(build: Callable[P, R]) -> Function[P, R]:
        function = Function(build, record, options)
        register(function)
        return function

    return decorate
