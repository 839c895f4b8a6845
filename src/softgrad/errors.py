"""The exceptions softgrad raises.

::

    SoftgradError
    ├── ArgumentError        (also a ValueError)   a value is outside what is allowed
    ├── ArgumentTypeError    (also a TypeError)    a value is of the wrong kind
    ├── GradientError                              a watched model's gradient went wrong
    └── MissingExtra         (also an ImportError) an optional library is not installed
"""

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "GradientError",
    "MissingExtra",
    "SoftgradError",
]


class SoftgradError(Exception):
    """Base of every exception raised by softgrad."""


class ArgumentError(SoftgradError, ValueError):
    """An argument has the right kind but a value that is not allowed."""


class ArgumentTypeError(SoftgradError, TypeError):
    """An argument is of a kind that is not allowed."""


class GradientError(SoftgradError):
    """A gradient went wrong, or ceased to be a number, while a model was trained."""


class MissingExtra(SoftgradError, ImportError):
    """An optional library is needed and not installed.

    Parameters
    ----------
    needed_for
        What the user asked for, as the subject of a sentence.
    library
        The library that is missing.
    extra
        The extra of softgrad that brings it.
    """

    def __init__(self, needed_for: str, library: str, extra: str) -> None:
        super().__init__(
            f'{needed_for} needs {library}, which is not installed: pip install "softgrad[{extra}]"'
        )
