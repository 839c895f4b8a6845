"""Where in the sources a checked function is written."""

import inspect
from pathlib import Path
from typing import Any

__all__ = ["location_of", "uri"]


def location_of(place: Any) -> tuple[str, int] | None:
    """Return the file and line of a function, a class or an object, if it has source.

    A pair ``(path, line)`` is returned as it is, and ``None`` as ``None``.
    """
    if place is None:
        return None
    if isinstance(place, tuple):
        path, line = place
        return str(path), int(line)
    for candidate in (place, getattr(place, "forward", None), _owner(place), type(place)):
        try:
            source: Any = inspect.unwrap(candidate) if callable(candidate) else candidate
            path = inspect.getsourcefile(source)
            line = inspect.getsourcelines(source)[1]
        except (TypeError, OSError, ValueError):
            continue
        if path:
            return path, max(line, 1)
    return None


def _owner(place: Any) -> Any:
    """Return the class of a ``torch.autograd.Function.apply``, the function of a partial."""
    return getattr(place, "__self__", None) or getattr(place, "func", None)


def uri(path: str) -> str:
    """Return the path relative to the current folder if it is inside, else as a ``file:`` URI."""
    whole = Path(path).resolve()
    try:
        return whole.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return whole.as_uri()
