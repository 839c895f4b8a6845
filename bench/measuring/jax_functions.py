"""Functions of ``jax.nn``, ``jax.numpy`` and ``jax.scipy.special`` with example inputs."""

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as special
import jax.scipy.stats as stats

from measuring.drawn import at, distribution, normal, positive, tied, unit

__all__ = ["AT_KINKS", "CRASHES", "DEFECTS", "DELIBERATE", "FUNCTIONS"]

# fmt: off
_ACTIVATIONS = (
    jax.nn.relu6, jax.nn.softplus, jax.nn.soft_sign, jax.nn.sigmoid, jax.nn.silu,
    jax.nn.log_sigmoid, jax.nn.leaky_relu, jax.nn.hard_sigmoid, jax.nn.hard_silu,
    jax.nn.hard_tanh, jax.nn.elu, jax.nn.celu, jax.nn.selu, jax.nn.gelu, jax.nn.glu,
    jax.nn.squareplus, jax.nn.mish, jax.nn.sparse_plus, jax.nn.sparse_sigmoid, jax.nn.softmax,
    jax.nn.log_softmax, jax.nn.standardize, jax.nn.logsumexp, jax.nn.logmeanexp, jax.nn.relu,
)
_SMOOTH = (
    jnp.tanh, jnp.sinh, jnp.arctan, jnp.arcsinh, jnp.sinc, jnp.expm1, jnp.cbrt, jnp.exp2,
)
_SPECIAL = (
    special.erf, special.erfc, special.ndtr, special.log_ndtr, special.i0, special.i0e,
    special.i1, special.i1e,
)
_POSITIVE = (
    special.gammaln, special.digamma, special.expi, special.exp1,
)
_OPEN = (
    special.logit, special.entr, special.erfinv, special.ndtri,
)
# fmt: on

FUNCTIONS: dict[str, tuple[Any, tuple]] = {
    **{f"nn.{f.__name__}": (f, (normal(3, 4),)) for f in _ACTIVATIONS},
    **{f"numpy.{f.__name__}": (f, (normal(3, 4),)) for f in _SMOOTH},
    **{f"special.{f.__name__}": (f, (normal(3, 4),)) for f in _SPECIAL},
    **{f"special.{f.__name__}": (f, (positive(3, 4),)) for f in _POSITIVE},
    **{f"special.{f.__name__}": (f, (unit(3, 4),)) for f in _OPEN},
    "nn.log1mexp": (jax.nn.log1mexp, (positive(3, 4),)),
    "special.betaln": (special.betaln, (positive(3, 4), positive(3, 4))),
    "special.beta": (special.beta, (positive(3, 4), positive(3, 4))),
    "special.xlogy": (special.xlogy, (positive(3, 4), positive(3, 4))),
    "special.xlog1py": (special.xlog1py, (positive(3, 4), positive(3, 4))),
    "special.rel_entr": (special.rel_entr, (positive(3, 4), positive(3, 4))),
    "special.kl_div": (special.kl_div, (positive(3, 4), positive(3, 4))),
    "special.gammainc": (special.gammainc, (positive(3, 4), positive(3, 4))),
    "special.betainc": (lambda x: special.betainc(2.0, 3.0, x), (unit(3, 4),)),
    "special.multigammaln": (lambda a: special.multigammaln(a + 3, 3), (positive(5),)),
    "special.zeta": (lambda q: special.zeta(2.5, q), (positive(5),)),
    "special.logsumexp": (lambda x: special.logsumexp(x, axis=0), (normal(3, 4),)),
    "stats.norm.logcdf": (stats.norm.logcdf, (normal(3, 4),)),
    "stats.dirichlet.logpdf": (
        lambda a: stats.dirichlet.logpdf(jnp.array([0.2, 0.3, 0.5], a.dtype), a),
        (positive(3),),
    ),
    "numpy.linalg.norm": (jnp.linalg.norm, (normal(3, 4),)),
    "numpy.linalg.det": (jnp.linalg.det, (normal(3, 3),)),
    "numpy.linalg.inv": (jnp.linalg.inv, (lambda rng: rng.normal(size=(3, 3)) + 4 * jnp.eye(3),)),
    "numpy.linalg.solve": (
        jnp.linalg.solve,
        (lambda rng: rng.normal(size=(3, 3)) + 4 * jnp.eye(3), normal(3, 2)),
    ),
    "numpy.logaddexp": (jnp.logaddexp, (normal(3, 4), normal(3, 4))),
    "numpy.hypot": (jnp.hypot, (normal(3, 4), normal(3, 4))),
    "numpy.arctan2": (jnp.arctan2, (positive(3, 4), positive(3, 4))),
    "numpy.power": (jnp.power, (positive(3, 4), normal(3, 4))),
    "numpy.cumprod": (lambda x: jnp.cumprod(x, -1), (positive(3, 4),)),
    "numpy.sort": (lambda x: jnp.sort(x, -1), (normal(3, 4),)),
    "numpy.median": (lambda x: jnp.median(x, -1), (normal(3, 5),)),
    "numpy.std": (lambda x: jnp.std(x, -1), (normal(3, 5),)),
    "numpy.convolve": (jnp.convolve, (normal(6), normal(3))),
    "numpy.interp": (
        lambda x, f: jnp.interp(x, jnp.linspace(0, 1, 5, dtype=x.dtype), f),
        (unit(6), normal(5)),
    ),
    "numpy.einsum": (lambda a, b: jnp.einsum("ij,kj->ik", a, b), (normal(3, 4), normal(2, 4))),
    "nn.dot_product_attention": (
        jax.nn.dot_product_attention,
        (normal(2, 4, 2, 3), normal(2, 4, 2, 3), normal(2, 4, 2, 3)),
    ),
    "special.entr of a distribution": (lambda p: special.entr(p).sum(-1), (distribution(3, 4),)),
}
"""By name: the function and the makers of its arguments."""

DEFECTS = {"special.i0": "its derivative at 0 is told to be 1; I₀' is odd, so it is 0"}
"""What the sweep found wrong in the library itself."""

CRASHES: dict[str, str] = {}
"""Rows of the battery that Python does not survive."""

AT_KINKS: dict[str, tuple[Any, tuple]] = {
    "nn.relu": (jax.nn.relu, (at(0.0),)),
    "nn.relu6": (jax.nn.relu6, (at(0.0, 6.0),)),
    "nn.hard_tanh": (jax.nn.hard_tanh, (at(-1.0, 1.0),)),
    "nn.leaky_relu": (jax.nn.leaky_relu, (at(0.0),)),
    "numpy.abs": (jnp.abs, (at(0.0),)),
    "numpy.maximum": (lambda x: jnp.maximum(x, 0.5), (at(0.5),)),
    "numpy.max at ties": (lambda x: jnp.max(x.reshape(3, 4), -1), (tied(12),)),
    "numpy.clip": (lambda x: jnp.clip(x, -1, 1), (at(-1.0, 1.0),)),
}
"""Where the one-sided slopes differ: any slope between them is right."""

DELIBERATE: dict[str, tuple[Any, tuple, str]] = {
    "lax.stop_gradient": (
        lambda x: x * jax.lax.stop_gradient(x),
        (normal(3, 4),),
        "one factor is held constant on purpose",
    ),
}
"""Derivatives that are not the function's on purpose."""
