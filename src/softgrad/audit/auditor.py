"""The audit: what a model is made of decides how it is taken apart."""

from collections.abc import Callable
from typing import Any

from softgrad.audit.report.report import AuditReport

__all__ = ["audit"]


def audit(
    model: Any,
    *inputs: Any,
    loss: Any = None,
    framework: str | None = None,
    thorough: bool = False,
    battery: bool = False,
    whole: bool = True,
    progress: Callable[[int, int | None, str], None] | None = None,
    seed: int = 0,
    **kwargs: Any,
) -> AuditReport:
    """Check every differentiable call that a model makes, and name the guilty one.

    The model runs on its batch, every call is checked with :func:`softgrad.check` at the values
    that it was given in this run, and so is the derivative of the whole. Nothing of the model is
    changed: neither parameters nor buffers, gradients, hooks or random states.

    Parameters
    ----------
    model
        With torch, a ``torch.nn.Module`` or any callable, a training step too: it is run as far as
        its first ``backward``. With JAX, a function of pytrees, or a callable that is one. With
        NumPy, layers with ``forward`` and ``backward``: one, a list that is run in order, an object
        with ``forward`` or ``layers``, or a function that runs layers.
    *inputs, **kwargs
        The batch: what the model is called with.
    loss
        What makes a number of the model's output; in NumPy it may be a layer. Without one, every
        output counts, with random weights.
    framework
        ``"torch"``, ``"jax"`` or ``"numpy"``, where neither the model nor its inputs tell.
    thorough
        Whether every call is checked in full. By default one stands for all that are alike, and a
        framework's own are looked at less closely.
    battery
        Whether calls that are not the framework's own are checked at examples made from the run's
        too: other sizes, magnitudes and memory layouts, as :func:`softgrad.check` does.
    whole
        Whether the derivative of the whole is checked if that of each call is right.
    progress
        Called before each check with its number, their count and the name of the call.
    seed
        Seed of the random directions; the same seed gives the same report.

    Returns
    -------
    AuditReport
        ``findings`` has one entry for each distinct call, the guilty first, with its line and its
        bug. ``ok`` is ``False`` if any derivative is wrong.

    Raises
    ------
    ArgumentError, ArgumentTypeError, MissingExtra
        For a misuse of ``audit`` itself, and where nothing is differentiable.

    Examples
    --------
    >>> import numpy as np
    >>> from softgrad.audit import audit
    >>> class Linear:
    ...     def __init__(self, W):
    ...         self.W = W
    ...     def forward(self, x):
    ...         self.x = x
    ...         return x @ self.W
    ...     def backward(self, g):
    ...         self.dW = self.x.T @ g
    ...         return g @ self.W.T
    >>> class Softmax:
    ...     def forward(self, x):
    ...         e = np.exp(x - x.max(-1, keepdims=True))
    ...         self.p = e / e.sum(-1, keepdims=True)
    ...         return self.p
    ...     def backward(self, g):
    ...         return g * self.p * (1 - self.p)
    >>> rng = np.random.default_rng(0)
    >>> model = [Linear(rng.normal(size=(4, 3))), Softmax()]
    >>> report = audit(model, rng.normal(size=(5, 4)))
    >>> [(finding.call, finding.bug) for finding in report.guilty]
    [('Softmax(float64[5, 3])', 'diagonal_only')]
    """
    from softgrad.audit.engines import engine_for  # needs much of the checker, for those who audit

    engine = engine_for(model, inputs, kwargs, loss, framework, seed)
    return engine(
        model,
        inputs,
        kwargs,
        loss,
        thorough=thorough,
        battery=battery,
        entire=whole,
        progress=progress,
        seed=seed,
    )
