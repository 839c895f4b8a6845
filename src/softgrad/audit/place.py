"""Where in the user's code a call was made."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType

__all__ = ["Place", "among", "calling"]

_OWN = str(Path(__file__).parent.parent)


@dataclass(frozen=True)
class Place:
    """A line of source code.

    Parameters
    ----------
    file
        Its path.
    line
        Its number, from 1.
    function
        The function it belongs to.
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        """Return ``file.py:42``, the file as seen from the working directory if it is below it."""
        path = Path(self.file)
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            path = Path(*path.parts[-2:]) if self.installed else Path(path.name)
        return f"{path}:{self.line}"

    @property
    def installed(self) -> bool:
        """Whether the line belongs to an installed package and not to the user."""
        return self.file.startswith(_installed())


@lru_cache
def _installed() -> tuple[str, ...]:
    """Return the folders of installed packages, the standard library's first."""
    import sysconfig  # slow to import

    paths = sysconfig.get_paths()
    return tuple(dict.fromkeys(paths[kind] for kind in ("stdlib", "purelib", "platlib")))


def calling(libraries: tuple[str, ...]) -> tuple[Place | None, Place | None]:
    """Return the user's line that is running, and the line of a package that it led to, if any."""
    return among(_running(), libraries)


def among(
    frames: Iterable[tuple[str, int, str]], libraries: tuple[str, ...]
) -> tuple[Place | None, Place | None]:
    """Return the innermost of a stack's lines that is the user's, and a package's inside of it.

    Frames of softgrad and of files below the folders of ``libraries`` are passed over.
    """
    within: Place | None = None
    for file, line, function in frames:
        if file.startswith((_OWN, *libraries, "<")):
            continue
        place = Place(file, line, function)
        if not place.installed:
            return place, within
        if within is None and not file.startswith(_installed()[0] + "/contextlib"):
            within = place
    return within, None


def _running() -> Iterator[tuple[str, int, str]]:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
