"""The lines of a program that depend on the array library."""

from dataclasses import dataclass

__all__ = ["LIBRARIES", "Library"]


@dataclass(frozen=True)
class Library:
    """How one array library says it.

    Parameters
    ----------
    imports
        Lines that import it.
    host
        Expression: the array ``a`` as float64 in NumPy.
    like
        Expression: the NumPy array ``values`` as an array with the dtype of ``a``.
    wide
        The same as float64.
    double
        Format of the array ``{x}`` as float64.
    gradient
        Format of the library's own gradient of ``{call}`` by ``{x}`` for the upstream ``{g}``,
        with ``{more}`` after its arguments.
    again
        What ``{more}`` is where the gradient is differentiated in turn.
    backward
        Body of ``differentiate(g)`` for the library's own derivative.
    gradients
        Lines that return the gradients at ``at`` for ``v``, to be differentiated in turn.
    push
        Body of ``push(t)``, the library's own forward mode.
    laid_out
        ``laid_out(values, strides, start)``, if memory layouts can be seen.
    setup
        The line that comes before all that uses the library's arrays.
    context
        The ``with`` line that does the same for a while.
    seeded
        The line that seeds the library's random numbers.
    """

    imports: tuple[str, ...]
    host: str
    like: str
    wide: str
    double: str
    gradient: str = ""
    again: str = ""
    backward: str = ""
    gradients: str = ""
    push: str = ""
    laid_out: str = ""
    setup: str = ""
    context: str = ""
    seeded: str = "np.random.seed(0)"


NUMPY = Library(
    imports=(),
    host="np.asarray(a, dtype=np.float64)",
    like="np.array(values, dtype=a.dtype)",
    wide="np.array(values, dtype=np.float64)",
    double="{x}.astype(np.float64)",
    laid_out="""\
def laid_out(values, strides, start):
    \"\"\"Return the values in this memory layout.\"\"\"
    size = start + sum(max(s, 0) * (n - 1) for s, n in zip(strides, values.shape)) + values.itemsize
    view = np.ndarray(values.shape, values.dtype, np.zeros(size, np.uint8), start, strides)
    view[...] = values
    return view
""",
)

TORCH = Library(
    imports=("import torch",),
    host="a.detach().cpu().double().numpy()",
    like="torch.tensor(values).to(a.device, a.dtype)",
    wide="torch.tensor(values).to(a.device, torch.float64)",
    double="{x}.double()",
    gradient="torch.autograd.functional.vjp(lambda {x}: {call}, {x}, {g}{more})[1]",
    again=", create_graph=True",
    backward="""\
at = {**inputs, **{n: inputs[n].detach().requires_grad_() for n in wrt}}
ys = outputs(at)
used = [k for k, y in enumerate(ys) if y.requires_grad]
leaves = [at[n] for n in wrt]
if not used:
    return ys, [None for _ in wrt]
ups = [g[k] for k in used]
return ys, torch.autograd.grad([ys[k] for k in used], leaves, ups, allow_unused=True)""",
    gradients="""\
xs = [at[n].requires_grad_() for n in wrt]
ys = primal(at)
return list(torch.autograd.grad(ys, xs, v, create_graph=True, materialize_grads=True))""",
    push="""\
with torch.autograd.forward_ad.dual_level():
    duals = {n: torch.autograd.forward_ad.make_dual(inputs[n], t[n]) for n in wrt}
    ys = outputs({**inputs, **duals})
    parts = [torch.autograd.forward_ad.unpack_dual(y) for y in ys]
    return [torch.zeros_like(p.primal) if p.tangent is None else p.tangent for p in parts]""",
    laid_out="""\
def laid_out(values, strides, start):
    \"\"\"Return the values in this memory layout.\"\"\"
    size = start + sum(s * (n - 1) for s, n in zip(strides, values.shape)) + 1
    storage = torch.zeros(size, dtype=values.dtype)
    return storage.as_strided(values.shape, strides, start).copy_(values)
""",
    seeded="torch.manual_seed(0)",
)

JAX = Library(
    imports=("import jax", "import jax.numpy as jnp"),
    host="np.asarray(a, dtype=np.float64)",
    like="jnp.asarray(values, dtype=a.dtype)",
    wide="jnp.asarray(values, dtype=jnp.float64)",
    double="{x}.astype(jnp.float64)",
    gradient="jax.vjp(lambda {x}: {call}, {x})[1]({g})[0]",
    backward="""\
leaves = [inputs[n] for n in wrt]
ys, pull = jax.vjp(lambda *at: outputs({**inputs, **dict(zip(wrt, at))}), *leaves)
return ys, pull(list(g))""",
    gradients="""\
xs = [at[n] for n in wrt]
return list(jax.vjp(lambda *xs: primal({**at, **dict(zip(wrt, xs))}), *xs)[1](v))""",
    push="""\
xs, ts = ([held[n] for n in wrt] for held in (inputs, t))
return jax.jvp(lambda *at: outputs({**inputs, **dict(zip(wrt, at))}), xs, ts)[1]""",
    setup='jax.config.update("jax_enable_x64", True)\n\n',
    context="with jax.enable_x64(True):",
)

LIBRARIES = {"numpy": NUMPY, "torch": TORCH, "jax": JAX}
"""By the name of the frame."""
