"""How a program makes an array of each library and differentiates a function of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["AUTOGRAD", "JAX", "NUMPY", "TENSORFLOW", "TINYGRAD", "TORCH", "Dialect"]


@dataclass(frozen=True)
class Dialect:
    """The lines of a program that depend on the array library.

    The survey runs these lines, and shows them where something is wrong. In them ``f`` is a
    function of the array ``x``, ``g`` an upstream gradient and ``t`` a tangent; the result is
    called ``claimed``.

    Parameters
    ----------
    imports
        Lines that import it; NumPy is ``np`` already.
    array
        Format of an array of the nested lists ``{values}`` with ``{dtype}``.
    host
        Expression: ``claimed`` as a NumPy array of float64.
    orders
        By order, the lines that compute it; what is missing the library does not offer.
    layouts
        By memory layout, the expression for ``x`` in it.
    integer
        The dtype of class indices.
    context
        The ``with`` line around all of it, with ``{wide}`` telling whether the dtype is float64.
    release
        The line that frees what calls that are over have left behind.
    """

    imports: tuple[str, ...]
    array: str
    host: str
    orders: Mapping[str, str]
    layouts: Mapping[str, str] = field(default_factory=dict)
    integer: str = "int32"
    context: str = ""
    release: str = ""


_VALUE = "claimed = f(x)"
_IN_NUMPY = {"fortran": "np.asfortranarray(x)", "strided": "np.repeat(x, 2, -1)[..., ::2]"}

NUMPY = Dialect(
    imports=(),
    array="np.array({values}, dtype={dtype!r})",
    host="np.asarray(claimed, dtype=np.float64)",
    orders={"value": _VALUE},
    layouts=_IN_NUMPY,
    integer="int64",
)

TORCH = Dialect(
    imports=("import torch",),
    array="torch.tensor({values}, dtype=torch.{dtype})",
    host="claimed.detach().double().numpy()",
    orders={
        "value": _VALUE,
        "vjp": "x.requires_grad_()\n(claimed,) = torch.autograd.grad(f(x), x, g)",
        "jvp": (
            "with torch.autograd.forward_ad.dual_level():\n"
            "    y = f(torch.autograd.forward_ad.make_dual(x, t))\n"
            "    claimed = torch.autograd.forward_ad.unpack_dual(y).tangent"
        ),
        "second": (
            "x.requires_grad_(), g.requires_grad_()\n"
            "(gradient,) = torch.autograd.grad(f(x), x, g, create_graph=True)\n"
            "(claimed,) = torch.autograd.grad(gradient, x, t, materialize_grads=True)"
        ),
    },
    layouts={
        "fortran": "x.T.contiguous().T",
        "strided": "x.repeat_interleave(2, -1)[..., ::2]",
    },
    integer="int64",
)

JAX = Dialect(
    imports=("import jax", "import jax.numpy as jnp"),
    array="jnp.array({values}, dtype={dtype!r})",
    host="np.asarray(claimed, dtype=np.float64)",
    orders={
        "value": _VALUE,
        "vjp": "(claimed,) = jax.vjp(f, x)[1](g)",
        "jvp": "claimed = jax.jvp(f, (x,), (t,))[1]",
        "second": "(claimed,) = jax.vjp(lambda x: jax.vjp(f, x)[1](g)[0], x)[1](t)",
    },
    context="with jax.enable_x64({wide}):",
    release="jax.clear_caches()",  # each shape of each operation is compiled, and kept
)

TENSORFLOW = Dialect(
    imports=("import tensorflow as tf",),
    array="tf.constant({values}, dtype={dtype!r})",
    host="np.asarray(claimed.numpy(), dtype=np.float64)",
    orders={
        "value": _VALUE,
        "vjp": (
            "with tf.GradientTape() as tape:\n"
            "    tape.watch(x)\n"
            "    y = f(x)\n"
            "claimed = tape.gradient(y, x, g)"
        ),
        "jvp": (
            "with tf.autodiff.ForwardAccumulator(x, t) as accumulator:\n"
            "    y = f(x)\n"
            "claimed = accumulator.jvp(y)"
        ),
        "second": (
            "with tf.GradientTape() as outer:\n"
            "    outer.watch(x)\n"
            "    with tf.GradientTape() as inner:\n"
            "        inner.watch(x)\n"
            "        y = f(x)\n"
            "    gradient = inner.gradient(y, x, g)\n"
            "claimed = outer.gradient(gradient, x, t, tf.UnconnectedGradients.ZERO)"
        ),
    },
)

TINYGRAD = Dialect(
    imports=("from tinygrad import Tensor, dtypes",),
    array="Tensor(np.array({values})).cast(dtypes.{dtype}).contiguous().realize()",
    host="claimed.cast(dtypes.float64).numpy()",
    orders={
        "value": _VALUE,
        "vjp": "(claimed,) = (f(x) * g).sum().gradient(x)",
        "second": "(claimed,) = ((f(x) * g).sum().gradient(x)[0] * t).sum().gradient(x)",
    },
)

AUTOGRAD = Dialect(
    imports=("from autograd import make_vjp", "from autograd.core import make_jvp"),
    array=NUMPY.array,
    host=NUMPY.host,
    orders={
        "value": _VALUE,
        "vjp": "claimed = make_vjp(f)(x)[0](g)",
        "jvp": "claimed = make_jvp(f, x)(t)[1]",
        "second": "claimed = make_vjp(lambda x: make_vjp(f)(x)[0](g))(x)[0](t)",
    },
    layouts=_IN_NUMPY,
    integer="int64",
)
