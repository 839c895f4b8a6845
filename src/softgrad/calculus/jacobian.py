"""The Jacobian as an object: a few vectors that act as a matrix."""

from dataclasses import dataclass, replace
from html import escape
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from softgrad._array import Array, device, framework, is_array, namespace, peek, working_dtype
from softgrad.axis import Axis
from softgrad.calculus._dense import matrices, placed, stacked
from softgrad.calculus._html import LARGEST, table
from softgrad.calculus._linear import fitted, linear
from softgrad.declare import Leaf, Node
from softgrad.errors import ArgumentError, ArgumentTypeError, MissingExtra
from softgrad.structure import Structure, Transpose

__all__ = ["Jacobian", "jacobian"]


@dataclass(frozen=True, eq=False)
class Jacobian:
    """The Jacobian of a function of softgrad at a point; O(n) until a dense form is asked for.

    ``J @ t`` is the JVP, ``g @ J`` and ``J.T @ g`` the VJP.

    Parameters
    ----------
    structure
        The linear map.
    inner, outer
        An array like the input and one like the output.
    axis
        The axis along which the function acts, None for elementwise ones.
    rank_of_input
        The dimensions of the primary input, to which others are broadcast.
    label
        What it is the Jacobian of.
    """

    structure: Structure
    inner: Array
    outer: Array
    axis: Axis | None
    rank_of_input: int
    label: str

    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, int]:
        """The shape as a matrix on flattened arrays: (size of output, size of input)."""
        return prod(self.outer.shape), prod(self.inner.shape)

    @property
    def T(self) -> "Jacobian":
        """The transposed map, for gradients."""
        swapped = replace(self, structure=self.structure.T, inner=self.outer, outer=self.inner)
        return replace(swapped, label=f"transposed {self.label}")

    def mv(self, t: Array) -> Array:
        """Return J t in the shape and dtype of the output."""
        return self._apply("tangent", self.structure.mv, t, self.inner, self.outer)

    def rmv(self, g: Array) -> Array:
        """Return Jᵀ g in the shape and dtype of the input."""
        return self._apply("cotangent", self.structure.rmv, g, self.outer, self.inner)

    def __matmul__(self, t: Array) -> Array:
        return self.mv(t) if is_array(t) else NotImplemented

    def __rmatmul__(self, g: Array) -> Array:
        return self.rmv(g) if is_array(g) else NotImplemented

    def _apply(self, role: str, action: Any, v: Array, given: Array, result: Array) -> Array:
        v = fitted(f"the {role}", v, given, working_dtype(given))
        xp = namespace(given)
        with np.errstate(all="ignore"):
            return xp.astype(action(v), result.dtype, copy=False)

    def diagonal(self) -> Array:
        """Return ∂y_i/∂x_i in the shape of the input, where input and output have one shape."""
        xp = namespace(self.inner)
        if tuple(self.outer.shape) != tuple(self.inner.shape):
            rows, columns = self.shape
            raise ArgumentError(f"the {rows} x {columns} Jacobian of {self.label} has no diagonal")
        try:
            with np.errstate(all="ignore"):
                return self._like_input(self.structure.diagonal())
        except ValueError:  # no rule tells it
            dense = xp.reshape(self.to_dense(), self.shape)
            return xp.reshape(xp.linalg.diagonal(dense), tuple(self.inner.shape))

    def trace(self) -> Array:
        """Return the sum of the diagonal; ``diagonal().sum(axis)`` is the trace row by row."""
        return namespace(self.inner).sum(self.diagonal())

    def rank(self) -> int:
        """Return the rank as a matrix, from the support where the structure tells it."""
        counted = self.structure.rank()
        if counted is not None:
            return int(counted)
        return int(np.linalg.matrix_rank(self._matrix()))

    def to_dense(self) -> Array:
        """Return ∂output/∂input as an array of shape output.shape + input.shape."""
        xp = namespace(self.inner)
        rows, columns = self.shape
        full = tuple(self.outer.shape) + tuple(self.inner.shape)
        if not rows or not columns:
            return xp.zeros(full, dtype=self.outer.dtype)
        if (found := self._matrices()) is not None:
            return placed(found, self.inner, self.outer, self.axis)
        if isinstance(self.structure, Transpose):
            forward = xp.reshape(self.T.to_dense(), (columns, rows))
            return xp.reshape(xp.matrix_transpose(forward), full)
        if rows <= columns:
            basis = self._identity(rows, self.outer)
            units = [xp.reshape(basis[i, ...], tuple(self.outer.shape)) for i in range(rows)]
            found = [self.rmv(unit) for unit in units]
            return xp.reshape(xp.stack(found), full)
        lead = (1,) * (self.rank_of_input - self.inner.ndim)
        basis = xp.reshape(self._identity(columns, self.inner), (columns, *lead, *self.inner.shape))
        with np.errstate(all="ignore"):
            dense = xp.reshape(self.structure.mv(basis), (columns, rows))
        return xp.astype(xp.reshape(xp.matrix_transpose(dense), full), self.outer.dtype, copy=False)

    def blocks(self) -> Array:
        """Return one dense matrix per row: shape batch + (outputs of a row, inputs of a row).

        Rows do not depend on each other, so the Jacobian of a batch is block diagonal, and this
        is all of it. A function with one output per row gives shape batch + (inputs of a row,).
        """
        if self.axis is None or not self._by_row:
            raise ArgumentTypeError(
                f"the Jacobian of {self.label} has no blocks, one per row: use to_dense()"
            )
        xp, dim = namespace(self.inner), self.axis.dim
        if prod(self.outer.shape) == 1 and tuple(self.outer.shape) != tuple(self.inner.shape):
            return self.rmv(xp.ones_like(self.outer))
        if (found := self._matrices()) is not None:
            return stacked(found, self.inner, self.outer, self.axis)
        n = self.inner.shape[dim]
        spread = [1] * self.inner.ndim
        spread[dim] = n
        basis = xp.reshape(self._identity(n, self.inner), (n, *spread))
        with np.errstate(all="ignore"):
            columns = self.structure.mv(xp.broadcast_to(basis, (n, *self.inner.shape)))
        if columns.ndim > self.inner.ndim:
            columns = xp.moveaxis(columns, dim, -1)
        return xp.astype(xp.moveaxis(columns, 0, -1), self.outer.dtype, copy=False)

    def as_linear_operator(self) -> Any:
        """Return a ``scipy.sparse.linalg.LinearOperator`` on flattened NumPy arrays."""
        if framework(self.inner) != "numpy":
            library = framework(self.inner)
            raise ArgumentTypeError(f"as_linear_operator acts on NumPy arrays; this is {library}")
        try:
            linalg: Any = import_module("scipy.sparse.linalg")
        except ImportError:
            raise MissingExtra("as_linear_operator", "SciPy", "all") from None
        return linalg.LinearOperator(
            shape=self.shape,
            matvec=lambda t: self.mv(t.reshape(self.inner.shape)).ravel(),
            rmatvec=lambda g: self.rmv(g.reshape(self.outer.shape)).ravel(),
            dtype=self.outer.dtype,
        )

    def _matrices(self) -> Array | None:
        if self.axis is not None and not self._by_row:
            return None
        with np.errstate(all="ignore"):
            found = matrices(self.structure, self.inner, self.outer, self.axis)
        return found if found is None else self._like_output(found)

    @property
    def _by_row(self) -> bool:
        assert self.axis is not None and self.axis.dim is not None
        inner, outer = list(self.inner.shape), list(self.outer.shape)
        dim = len(inner) + self.axis.dim
        row = [*inner[:dim], 1, *inner[dim + 1 :]]
        dropped = [*inner[:dim], *inner[dim + 1 :]]
        return len(inner) == self.rank_of_input and outer in (inner, row, dropped)

    def _matrix(self) -> np.ndarray:
        dense = peek(self.to_dense())
        if dense is None:
            raise ArgumentTypeError("the values of this Jacobian cannot be read here")
        return np.asarray(dense, dtype=float).reshape(self.shape)

    def _identity(self, n: int, like: Array) -> Array:
        return namespace(like).eye(n, dtype=like.dtype, device=device(like))

    def _like_input(self, a: Array) -> Array:
        return namespace(a).astype(a, self.inner.dtype, copy=False)

    def _like_output(self, a: Array) -> Array:
        return namespace(a).astype(a, self.outer.dtype, copy=False)

    def __repr__(self) -> str:
        return (
            f"<Jacobian of {self.label}: {tuple(self.inner.shape)} -> {tuple(self.outer.shape)}, "
            f"{self.shape[0]} x {self.shape[1]} held as {type(self.structure).__name__}>"
        )

    def _repr_html_(self) -> str:
        rows, columns = self.shape
        if not 0 < max(rows, columns) <= LARGEST:
            return f"<code>{escape(repr(self))}</code>"
        return table(self._matrix(), repr(self))


def jacobian(f: Any, *args: Any, wrt: Any = None, **options: Any) -> Any:
    """Jacobian at a point, as an object that acts like a matrix and occupies O(n).

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
    Jacobian or tuple of Jacobian
        One for each input, in the order of ``wrt``.

    Raises
    ------
    ArgumentTypeError
        ``f`` is not a function of softgrad; the message says what to use instead.
    ArgumentError
        ``wrt`` names no differentiable input.

    Notes
    -----
    *Shapes*: ``to_dense()`` has output.shape + input.shape, as ``torch.func.jacrev`` and
    ``jax.jacobian`` give it; ``blocks()`` one matrix per row.

    Examples
    --------
    >>> import numpy as np, softgrad
    >>> J = softgrad.jacobian(softgrad.softmax, np.array([0.0, 0.0]))
    >>> J.to_dense()
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    >>> J @ np.array([1.0, 1.0])  # its rows sum to zero: softmax ignores a common shift
    array([0., 0.])
    """
    at = linear("jacobian", f, args, options, wrt)
    axis = _axis(at.call.root)
    found = tuple(
        Jacobian(
            structure=at.structure(name),
            inner=at.call.inputs[name],
            outer=at.value,
            axis=axis,
            rank_of_input=at.call.primary.ndim,
            label=f"{at.function.name} by {name}",
        )
        for name in at.wrt
    )
    return found[0] if at.single else found


def _axis(node: Node | Leaf) -> Axis | None:
    if isinstance(node, Leaf):
        return None
    if node.axis is not None and node.axis.dim is not None:
        return node.axis
    return next(filter(None, map(_axis, node.inputs.values())), None)
