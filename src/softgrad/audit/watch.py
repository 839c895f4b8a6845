"""Looking at a model's gradients while it is trained, whatever it is made of."""

from typing import TYPE_CHECKING, Any

from softgrad.errors import ArgumentTypeError

if TYPE_CHECKING:
    from softgrad.audit.torch.watch import GradientWatch

__all__ = ["watch"]


def watch(*modules: Any, **options: Any) -> "GradientWatch":
    """Check one call of a training step now and then, at a bounded share of the time.

    Parameters
    ----------
    *modules
        A ``torch.nn.Module``, and the loss if it is one too.
    **options
        ``every``, ``share``, ``on_wrong``, ``folder`` and ``seed``, as
        :class:`softgrad.audit.torch.watch.GradientWatch` takes them.

    Returns
    -------
    GradientWatch
        A context: within it a ``GradientError`` is raised when a gradient goes wrong or ceases to
        be a number.

    Raises
    ------
    ArgumentTypeError
        For what is no module of torch's.

    Examples
    --------
    >>> import softgrad, torch
    >>> model = torch.nn.Linear(3, 1)
    >>> with softgrad.watch(model, every=100) as watching:
    ...     model(torch.ones(2, 3)).sum().backward()
    >>> watching.sightings
    []
    """
    if not any(base.__module__.startswith("torch.") for m in modules for base in type(m).__mro__):
        given = ", ".join(type(each).__name__ for each in modules) or "nothing"
        raise ArgumentTypeError(f"modules must be torch.nn.Modules; got {given}")
    from softgrad.audit.torch.watch import GradientWatch

    return GradientWatch(*modules, **options)
