"""Where in the user's code a call was made."""

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

__all__ = ["Place", "calling"]

_OWN = str(Path(__file__).parent.parent)
_INSTALLED = tuple(
    dict.fromkeys(sysconfig.get_paths()[kind] for kind in ("stdlib", "purelib", "platlib"))
)


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
        return self.file.startswith(_INSTALLED)


def calling(libraries: tuple[str, ...]) -> tuple[Place | None, Place | None]:
    """Return the user's line that is running, and the line of a package that it led to, if any.

    Frames of softgrad and of files below the folders of ``libraries`` are passed over.
    """
    within: Place | None = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        known = code.co_filename.startswith((_OWN, *libraries)) or code.co_filename.startswith("<")
        if not known:
            place = Place(code.co_filename, frame.f_lineno, code.co_name)
            if not place.installed:
                return place, within
            if within is None and not code.co_filename.startswith(_INSTALLED[0] + "/contextlib"):
                within = place
        frame = frame.f_back
    return within, None
